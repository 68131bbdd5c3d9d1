"""Who shares the machine can put nothing in the place of what we keep, whatever our umask is."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncssh
import pytest

from enve import private
from enve.app import facts
from enve.app.history import History
from enve.errors import EnveError
from enve.host import knownhosts


@pytest.fixture
def careless() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def host_key(base: Path) -> None:
    key = asyncssh.generate_private_key("ssh-ed25519")
    knownhosts.remember(base / "known_hosts", "web1", 22, key)


@pytest.mark.parametrize(
    "keep",
    [
        private.make_folder,
        lambda base: History(base).check(),
        lambda base: facts.save(base, {"n1": facts.Facts({}, 1)}),
        host_key,
    ],
    ids=["folder", "history", "facts", "known_hosts"],
)
def test_folders_on_the_way_are_ours_alone(
    keep: Callable[[Path], None], careless: None, tmp_path: Path
) -> None:
    keep(tmp_path / "state/enve/domains/shop.example")
    found = [path for path in tmp_path.rglob("*") if path.is_dir()]
    assert len(found) == 4
    assert {path.stat().st_mode & 0o777 for path in found} == {0o700}


def test_a_file_in_the_way_is_told_and_a_link_to_a_folder_is_none(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for place in ("file", "file/below"):
        with pytest.raises(OSError, match="file"):
            private.make_folder(tmp_path / place)
    with pytest.raises(EnveError, match="nothing was signed"):
        History(tmp_path / "file").check()
    (tmp_path / "link").symlink_to(tmp_path)
    private.make_folder(tmp_path / "link/below")
    assert (tmp_path / "below").is_dir()
