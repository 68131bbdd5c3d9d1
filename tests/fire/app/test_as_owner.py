"""Work with the rights of a place's owner, who may be against it."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from enve_fire.app import asowner
from enve_fire.core.trouble import BUSY, FAILED, Trouble

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="acts as two users"),
    pytest.mark.real,
]
HIS = 5


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Of another user."""
    monkeypatch.setattr(asowner, "_spent", {})
    (tmp_path / ".enve").mkdir()
    os.chown(tmp_path / ".enve", HIS, HIS)
    return str(tmp_path)


def test_it_is_done_with_his_rights(place: str) -> None:
    assert asowner.as_owner(place, lambda: [os.getuid(), os.getgid()]) == [HIS, HIS]
    with pytest.raises(Trouble, match="no such thing") as found:
        asowner.as_owner(place, _fail)
    assert found.value.code == FAILED


def _fail() -> None:
    raise OSError("no such thing")


def test_who_stops_it_is_not_waited_for(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asowner, "TIME", 0.5)
    begun = time.monotonic()
    for _ in range(20):  # all that is his has that time
        with pytest.raises(Trouble) as found:
            asowner.as_owner(place, lambda: os.kill(os.getpid(), signal.SIGSTOP))
        assert found.value.code == BUSY
    assert time.monotonic() - begun < 5


def test_what_is_too_much_is_not_read(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asowner, "LARGEST", 1000)
    with pytest.raises(Trouble):
        asowner.as_owner(place, lambda: "x" * (1 << 20))
