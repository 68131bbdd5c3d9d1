"""`pm logs -f` over a rotation: not a byte is left out, however fast the unit prints."""

from __future__ import annotations

import os
from itertools import islice
from pathlib import Path

import pytest

from enve_pm.client import logs


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
