"""Whether commands may be carried out together: answered before anything changes."""

from __future__ import annotations

from enve_pm.core import effects, graph, states
from enve_pm.core.graph import NEED, WANT
from enve_pm.core.lean import namedtuple
from enve_pm.core.outlook import Outlook
from enve_pm.core.unit import PROCESS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from enve_pm.core.board import Board

Refusal = namedtuple("Refusal", "unit code reason")

PLAN = "plan"  # the `why` of a want that no hand has set
UNKNOWN = "unknown"
CYCLE = "cycle"
DEPENDENTS = "dependents"
NOT_RUNNING = "not-running"
NO_RELOAD = "no-reload"
KIND = "kind"
# Retcodes of a client's job (contracts, section 9).
RETCODES = {UNKNOWN: 64, CYCLE: 5, DEPENDENTS: 5, NOT_RUNNING: 3, NO_RELOAD: 5, KIND: 64}


def judge(board: Board, events: list[Any]) -> list[Refusal]:
    """All reasons against the commands."""
    outlook = Outlook(board)
    refusals = [refusal for event in events for refusal in _note(outlook, event)]
    refusals += _cycle(outlook)
    if not refusals:
        refusals += _stops(outlook, events)
    return refusals


def dependents(board: Board, name: str) -> list[str]:
    """Those that are wanted up and need it, directly or not, in the order of their stop."""
    order: dict[str, None] = {}
    stack, opened = [(name, _users_up(board, name))], {name}
    while stack:
        at, rest = stack[-1]
        for user in rest:
            if user not in opened:
                opened.add(user)
                stack.append((user, _users_up(board, user)))
                break
        else:
            order[at] = None
            stack.pop()
    del order[name]
    return list(order)


def _users_up(board: Board, name: str) -> Iterator[str]:
    users = board.users.get(name, {})
    return (n for n in users if users[n] & NEED and board.units[n].want == states.UP)


def _note(outlook: Outlook, event: Any) -> Iterator[Refusal]:
    name = event.unit
    if isinstance(event, effects.Define):
        outlook.define(name, event.spec)
    elif outlook.get(name) is None and not outlook.may_end(event):
        yield Refusal(name, UNKNOWN, _unknown(outlook.board, name))
    elif isinstance(event, effects.Remove):
        outlook.specs[name] = None
    elif isinstance(event, effects.Want):
        outlook.asked[name] = (event.want, event.why != PLAN)
    elif isinstance(event, effects.Restart):
        outlook.asked.setdefault(name, (states.UP, False))
    elif isinstance(event, (effects.Reload, effects.Recheck)):
        yield from _running(outlook, event)


def _unknown(board: Board, name: str) -> str:
    if name in board.units:
        return f"{name} leaves: no plan has it any more"
    return f"no unit is called {name}"


def _running(outlook: Outlook, event: Any) -> Iterator[Refusal]:
    """Reloads and rechecks need a unit that runs and can do it."""
    unit, spec = outlook.board.units.get(event.unit), outlook.get(event.unit)
    assert spec is not None  # noqa: S101
    state = unit.state if unit else states.STOPPED
    if isinstance(event, effects.Recheck) and not (spec.checked or spec.health):
        found = f"a {spec.kind} without health" if spec.kind == PROCESS else f"a {spec.kind}"
        yield Refusal(event.unit, KIND, f"wanted a resource, found {found}")
    elif isinstance(event, effects.Reload) and not spec.reload:
        yield Refusal(event.unit, NO_RELOAD, "it has no way to reload: restart it")
    elif state != states.RUNNING:
        yield Refusal(event.unit, NOT_RUNNING, f"wanted a unit that is RUNNING, found {state}")


def _cycle(outlook: Outlook) -> Iterator[Refusal]:
    cycle = graph.find_cycle(outlook, outlook.specs)
    if cycle:
        yield Refusal(cycle[0], CYCLE, "a cycle: " + graph.show_cycle(outlook, cycle))


def _stops(outlook: Outlook, events: list[Any]) -> Iterator[Refusal]:
    """Stops by hand of what is needed. A plan may want a needed unit down, which then runs for as
    long as it is needed, and may drop it: who needs it stops first, and waits for it."""
    for name in dict.fromkeys(event.unit for event in events if _takes_down(event)):
        if outlook.get(name) is not None and not outlook.wanted(name):
            blockers = sorted(_blockers(outlook, name))
            if blockers:
                who = ", ".join(blockers[:10]) + (" ..." if len(blockers) > 10 else "")
                reason = f"needed by {who}: stop these too (--with-dependents)"
                yield Refusal(name, DEPENDENTS, reason)


def _takes_down(event: Any) -> bool:
    return bool(isinstance(event, effects.Want) and event.want == states.DOWN and event.why != PLAN)


def _blockers(outlook: Outlook, name: str) -> Iterator[str]:
    """Units that are asked for and so keep it up, directly or not."""
    stack, seen = list(outlook.users(name, NEED)), {name}
    while stack:
        user = stack.pop()
        if user in seen:
            continue
        seen.add(user)
        if outlook.wanted(user):
            yield user
        stack.extend(outlook.users(user, NEED))
        if not outlook.stopped_by_hand(user):
            stack.extend(outlook.users(user, WANT))
