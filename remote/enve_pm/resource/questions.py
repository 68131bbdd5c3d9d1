"""Checks of processes that pm makes itself, without a child: see `shell.connect`."""

from __future__ import annotations

import os

from enve_pm.core import states
from enve_pm.core.effects import Exited
from enve_pm.core.target import KEYS
from enve_pm.shell.events.light import signal
from enve_pm.shell.process.spawn import SpawnError, whom

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from enve_pm.core.effects import Spawn
    from enve_pm.core.unit import UnitSpec
    from enve_pm.shell.events.loop import Loop
    from enve_pm.shell.events.system import Whom
    from enve_pm.shell.process.connect import Question
    from enve_pm.shell.state.home import Home

KNOWN = 60_000  # ms for which users are looked up once
UNASKED = 127


def asked(effect: Spawn, spec: UnitSpec) -> Mapping[str, Any] | None:
    """What is to be asked in this step, if that is pm's own work."""
    body = {states.CHECK: spec.ready, states.HEALTH: spec.health}.get(effect.step)
    return body if body is not None and body.get("how") in KEYS else None


class Questions:
    """All that are under way, by the number of their run."""

    def __init__(self, loop: Loop, home: Home, emit: Callable[[Any], None]) -> None:
        self._loop = loop
        self._home = home
        self._emit = emit
        self._open: dict[int, tuple[Spawn, Question]] = {}
        self._users: dict[tuple[str, str], Whom | None] = {}
        self._until = 0

    def ask(self, effect: Spawn, spec: UnitSpec, body: Mapping[str, Any]) -> None:
        from enve_pm.shell.process.connect import Question  # most pms ask nothing

        def done(code: int, why: str) -> None:
            self._open.pop(effect.run, None)
            self._emit(Exited(effect.unit, effect.run, code, why))

        try:
            user = self._whom(spec)
        except SpawnError as error:
            done(UNASKED, error.reason)
            return
        folder = os.path.join(self._home.spot(spec.unit), spec.cwd)
        question = Question(self._loop, body, folder, done)
        self._open[effect.run] = (effect, question)
        question.begin(user)

    def cancel(self, number: int) -> bool:
        """Whether there was one."""
        if number not in self._open:
            return False
        effect, question = self._open.pop(number)
        question.close()
        self._emit(Exited(effect.unit, number, -signal.SIGKILL))
        return True

    def dump(self) -> list[list[Any]]:
        """Those under way: the next program asks again."""
        return [list(effect) for effect, _ in self._open.values()]

    def _whom(self, spec: UnitSpec) -> Whom | None:
        """Users are rows of files, and there may be a hundred checks a second."""
        if not spec.user and not spec.group:
            return None
        now = self._loop.system.now()
        if now >= self._until:
            self._users, self._until = {}, now + KNOWN
        key = (spec.user, spec.group)
        if key not in self._users:
            self._users[key] = whom(*key)
        return self._users[key]
