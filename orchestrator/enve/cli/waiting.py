"""A live line for those who wait longer than a moment: quick answers do not load its library."""

from __future__ import annotations

import asyncio
import os
import sys

from enve.cli.color import is_terminal
from enve.cli.screen import Screen
from enve.model.report import Event, Result, Step

PATIENCE = 1.0  # seconds


class Waiting:
    """Used around a collection, inside the loop: `async with Waiting(names) as waiting`."""

    def __init__(self, nodes: tuple[str, ...]) -> None:
        self._nodes = nodes
        self._steps: dict[str, str] = {}
        self._screen: Screen | None = None
        self._timer: asyncio.TimerHandle | None = None

    async def __aenter__(self) -> Waiting:
        if is_terminal(sys.stderr) and os.environ.get("TERM", "dumb") != "dumb":
            self._timer = asyncio.get_running_loop().call_later(PATIENCE, self._start)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._timer:
            self._timer.cancel()
        if self._screen:
            self._screen.close()

    def emit(self, event: Event) -> None:
        """An `enve.model.report.Emit`."""
        if isinstance(event, Step):
            self._steps[event.node] = event.step
            if self._screen:
                self._screen.step(event.node, event.step)
        if isinstance(event, Result):
            self._steps[event.node] = ""
            if self._screen:
                self._screen.done(event.node, event.problem is None)

    def _start(self) -> None:
        from enve.cli.live import LiveScreen  # noqa: PLC0415

        self._screen = LiveScreen()
        self._screen.begin(self._nodes)
        for node, step in self._steps.items():
            if step:
                self._screen.step(node, step)
            else:
                self._screen.done(node, True)
