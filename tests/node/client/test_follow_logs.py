"""`pm logs -f` over a rotation: not a byte is left out, however fast the unit prints."""

from __future__ import annotations

import os
from itertools import islice
from pathlib import Path

import pytest

from enve_pm.client import logs
from enve_pm.shell.log.logger import Log


def test_what_comes_just_before_the_rename_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "web.log"
    path.write_bytes(b"")
    flood = os.urandom(3 * logs.BLOCK)
    looks: list[int] = []
    rotated = logs._rotated

    def flooded(log: str, fd: int) -> bool:
        looks.append(fd)
        if len(looks) == 1:
            path.write_bytes(flood)
            path.rename(tmp_path / "web.log.1")
            if rotated(log, fd):
                raise AssertionError("the new one is not there yet")
        if len(looks) == 2:
            path.write_bytes(b"new")
        return rotated(log, fd) or len(looks) == 1

    monkeypatch.setattr(logs, "_rotated", flooded)
    monkeypatch.setattr(logs, "EVERY", 0)
    following = logs.follow(str(path), logs._open(str(path), True))
    assert b"".join(islice(following, 4)) == flood + b"new"


def test_a_log_of_which_no_old_one_is_kept_is_followed_when_it_begins_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nothing(seconds: float) -> None:
        raise AssertionError("it sees nothing that is new")

    monkeypatch.setattr(logs.time, "sleep", nothing)
    path = tmp_path / "web.log"
    log = Log(-1, str(path), 4096, 0)
    log.add(b"a" * 4000 + b"\n")
    following = logs.follow(str(path), logs._open(str(path), "web"))
    log.add(b"b" * 90 + b"\n")
    assert next(following) == b"b" * 90 + b"\n"
    log.add(b"c" * 100 + b"\n")
    assert next(following) == b"c" * 100 + b"\n"
    log.close()
