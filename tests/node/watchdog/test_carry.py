"""State that travels between programs: whole, or refused with the reason."""

from __future__ import annotations

import marshal
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enve_pm.shell.guard import carry
from enve_pm.shell.guard import post as posts

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@settings(max_examples=40, deadline=None)
@given(VALUES)
def test_there_and_back(value: Any) -> None:
    fd = carry.pack("/nowhere", {"pm": value})
    assert carry.unpack(fd)["pm"] == value
    os.close(fd)


def test_without_memfd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "memfd_create")
    fd = carry.pack(str(tmp_path), {"pm": [1]})
    assert carry.unpack(fd)["pm"] == [1]
    assert list(tmp_path.iterdir()) == []
    os.close(fd)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "cannot be read"),
        (b"\xff\xff", "cannot be read"),
        (marshal.dumps([1], 4), "no mapping"),
        (marshal.dumps({"v": carry.VERSION + 1}, 4), "state version 2; this program reads 1"),
        (marshal.dumps({}, 4), "state version None"),
    ],
)
def test_what_cannot_be_gone_on_with(data: bytes, said: str) -> None:
    fd = os.memfd_create("x")
    os.write(fd, data)
    with pytest.raises(carry.Unreadable, match=said):
        carry.unpack(fd)
    os.close(fd)


def test_a_post_in_words() -> None:
    post = posts.EMPTY._replace(home="/h=x", pid=7, lock=3, every=0.5, path="/p ipe")
    assert posts.decode(posts.encode(post)) == post
    older = [word for word in posts.encode(post) if not word.startswith("path=")]
    assert posts.decode([*older, "key-of-a-newer-one=1"]) == post._replace(path="")
