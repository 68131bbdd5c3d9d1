"""What a pm shows at first, when it comes back: every unit."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest
from tests.support.box import Box, line

pytestmark = pytest.mark.real

UNITS = 60


class Reader(threading.Thread):
    """Reads public/status.json again and again: each version stands there for a while."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self._file = file
        self._over = threading.Event()
        self.seen: dict[tuple[int, int], set[str]] = {}  # (pid, written at) -> units

    def run(self) -> None:
        while not self._over.wait(0.002):
            shown = json.loads(self._file.read_text())
            self.seen[shown["pid"], shown["wall"]] = set(shown["units"])

    def end(self) -> None:
        self._over.set()
        self.join()


def test_a_pm_that_comes_back_shows_every_unit_at_once(tmp_path: Path) -> None:
    names = {f"u{number}" for number in range(UNITS)}
    with Box(tmp_path, log=tmp_path / "pm.log") as box:
        box.load(*map(line, names))
        reader = Reader(box.home / "public/status.json")
        reader.start()
        try:
            before = box.pids()[1]
            box.kill()
            box.wait(f"u{UNITS - 1}", "RUNNING")
            box.order("reexec")
            box.wait("u7", "RUNNING")
        finally:
            reader.end()
        found = list(reader.seen.items())
    assert {pid for (pid, _), _ in found} == {before, box_pid(found, before)}
    assert all(units == names for _, units in found), [len(units) for _, units in found]


def box_pid(found: list[tuple[tuple[int, int], set[str]]], before: int) -> int:
    """The pid of the second pm."""
    return next(pid for (pid, _), _ in found if pid != before)
