"""A System whose clock, children and /proc are the test's."""

from __future__ import annotations

from enve_pm.shell.events.system import System


class FakeSystem(System):
    def __init__(self) -> None:
        super().__init__()
        self.time = 1000
        self.ended: list[tuple[int, int]] = []

    def now(self) -> int:
        return self.time

    def reap(self) -> list[tuple[int, int]]:
        ended, self.ended = self.ended, []
        return ended
