"""Plans that have been accepted, on their way to pm: they wait until the blueprint can be read."""

from __future__ import annotations

from enve_pm.core.refusal import Refused
from enve_pm.shell.complain import complain
from enve_pm.shell.plan.answers import Accepted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from enve_pm.shell.events.loop import Loop
    from enve_pm.shell.plan.plans import Plans
    from enve_pm.shell.plan.wanted import Wanted

    Lines = dict[str, str]

PAUSE = 1000  # ms between two tries


class TakeUp:
    """`apply(Accepted)` is called once for each plan, or for the newest of those that waited."""

    def __init__(
        self, wanted: Wanted, plans: Plans, loop: Loop, apply: Callable[[Accepted], None]
    ) -> None:
        self._wanted = wanted
        self._plans = plans
        self._loop = loop
        self._apply = apply
        self._waiting: dict[str, tuple[str, str, Lines]] = {}  # lane: (stream, nonce, old lines)
        self._said: dict[str, str] = {}  # lane: why it waits

    def take(self, lane: str, stream: str, nonce: str, old: Lines) -> None:
        """What is held in the lane goes to pm now. `old`: the lines of the plan before."""
        _, _, older = self._waiting.get(lane, ("", "", {}))
        self._waiting[lane] = (stream, nonce, {**older, **old})
        self._try(lane)

    def _try(self, lane: str) -> None:
        if lane not in self._waiting:
            return
        try:
            accepted = self._accepted(lane, *self._waiting[lane])
        except Refused as why:
            self._say(lane, str(why))
            self._loop.at(self._loop.system.now() + PAUSE, lambda: self._try(lane))
            return
        del self._waiting[lane]
        self._said.pop(lane, None)
        self._apply(accepted)

    def _say(self, lane: str, why: str) -> None:
        """Once, and when it is another reason."""
        if self._said.get(lane) != why:
            self._said[lane] = why
            complain("pm: the plan of lane %s waits: %s" % (lane, why))

    def _accepted(self, lane: str, stream: str, nonce: str, before: Lines) -> Accepted:
        plan = self._plans.held[lane]
        # Among the old ones stands also what is not allowed any more: it has to go.
        old = {**before, **self._wanted.lines(lane, before)}
        new = self._wanted.lines(lane, plan.part.lines)
        # A plan that says nothing of a pm any more leaves it as the blueprint lays it out.
        new.update({pm: line for pm, line in self._wanted.pms().items() if pm in old.keys() - new})
        return Accepted(stream, nonce, lane, plan.serial, old, new)
