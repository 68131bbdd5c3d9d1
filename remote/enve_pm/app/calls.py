"""What timers ask for: judged and carried out like anybody's command, and followed to its end."""

from __future__ import annotations

from enve_pm.core import firing
from enve_pm.core.goal import Goal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from enve_pm.app.engine import Engine


class Calls:
    """`told(timer, text)` hears what came of it."""

    def __init__(self, engine: Engine) -> None:
        self.told: Callable[[str, str], None] = lambda timer, text: None
        self._engine = engine
        self._under_way: dict[str, Goal] = {}  # by timer

    def ask(self, timer: str, body: Mapping[str, Any]) -> str:
        """Ask for it; what there is to say about that."""
        asked = firing.ask(self._engine.machine, timer, body)
        refusals = self._engine.judge(asked.events)
        if asked.refusal or refusals:
            return str(asked.refusal or "refused: " + refusals[0].reason)
        self._engine.feed(asked.events)
        self._under_way[timer] = Goal(asked.verb, [body["unit"]])
        return firing.UNDER_WAY

    def check(self) -> None:
        """After each turn of the machine: what has come to its end?"""
        if not self._under_way or self._engine.busy():
            return
        for timer, goal in list(self._under_way.items()):
            text = self._outcome(goal)
            if text:
                del self._under_way[timer]
                self.told(timer, text)

    def _outcome(self, goal: Goal) -> str:
        if goal.verb == "start":
            return firing.outcome(self._engine.machine.units.get(goal.units[0]))
        found = goal.outcome(self._engine.machine)
        return "" if found is None else found[1] or "ok"

    # -- over a change of program ------------------------------------------------------------------
    def dump(self) -> list[list[str]]:
        return [[timer, goal.verb, goal.units[0]] for timer, goal in self._under_way.items()]

    def restore(self, rows: list[list[str]]) -> None:
        self._under_way = {timer: Goal(verb, [unit]) for timer, verb, unit in rows}
