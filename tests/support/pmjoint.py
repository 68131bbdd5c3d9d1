"""All joint states that a few units of pm can reach, with the world outside as an adversary.

Time is abstract: any timer that is set may be the next to fire, so every order of events is
covered. Of a state only what decides its future is compared; numbers of runs, texts and counters
of restarts are not.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from operator import attrgetter
from typing import Any, NamedTuple

from enve_pm.core import failing, states
from enve_pm.core.effects import (
    Call,
    Exited,
    Ready,
    Recheck,
    Reload,
    ResetFailed,
    Restart,
    Silent,
    Spawn,
    Spawned,
    SpawnFailed,
    Want,
)
from enve_pm.core.machine import Machine
from enve_pm.core.unit import PROCESS, SUBPM, UnitSpec
from enve_pm.core.unitstate import FAILED, PLAIN, Unit
from tests.support import pmlaws

NOW = 1_000_000
# What need not be put back: texts and counters, and what `World._turn` sets to one value.
_FREE = frozenset(
    ("why", "asked_why", "planned", "detail", "since", "restarts", "streak", "pause"),
)
SLOTS = (*(s for s in PLAIN if s not in _FREE), "hard", "soft", "held", "unmet", "active", "owed")
VALUES = attrgetter(*SLOTS)
# The way back, written out as one assignment: half the time of a loop of setattr over the slots.
_put: dict[str, Callable[[Unit, tuple[Any, ...]], None]] = {}
exec(f"def put(u, v): {', '.join(f'u.{s}' for s in SLOTS)} = v", _put)  # noqa: S102
put = _put["put"]

State = tuple[Any, ...]
Action = tuple[str, str, Any]  # kind of event, unit, argument


class Counts(NamedTuple):
    states: int
    turns: int


class World:
    """One machine that is put into state after state. `instant`: every step exists at once, and
    a stopped process always goes (nobody ignores TERM, no start takes too long)."""

    def __init__(self, specs: dict[str, UnitSpec], instant: bool) -> None:
        self.machine = Machine()
        self.instant = instant
        self.machine.now = NOW
        for name, spec in specs.items():
            self.machine.units[name] = self.machine.add(name, spec)
        self.machine.wants.clear()
        self.machine.turn([], NOW)
        self.units = list(self.machine.units.values())
        # What a unit can be is little beside what all can be together: each is kept once.
        self._kept: dict[State, State] = {}
        self._numbers: dict[State, int] = {}

    def save(self) -> State:
        locks = tuple((k, tuple(v)) for k, v in sorted(self.machine.locks.items()))
        return (locks, *map(self._keep, map(VALUES, self.units)))

    def _keep(self, values: State) -> State:
        *plain, active, owed = values
        return self._kept.setdefault((*plain, id(active), id(owed)), values)

    def restore(self, state: State) -> None:
        self.machine.locks = {k: list(v) for k, v in state[0]}
        self.machine.timers.rebuild(())
        for unit, values in zip(self.units, state[1:], strict=True):
            put(unit, values)

    def key(self) -> State:
        locks = tuple((k, tuple(v)) for k, v in sorted(self.machine.locks.items()))
        numbers = self._numbers
        return (locks, *(numbers.setdefault(_unit_key(u), len(numbers)) for u in self.units))

    def act(self, action: Action) -> bool:
        """Let it happen; False when the machine refuses the command."""
        kind, name, argument = action
        unit = self.machine.units[name]
        events: list[Any] = []
        if kind == "timer":
            self.machine.timers.set(unit, argument, NOW)
        elif kind in _COMMANDS:
            events = [_COMMANDS[kind](name)]
            if self.machine.judge(events):
                return False
        else:
            events = [_NEWS[kind](unit, argument)]
        self._turn(events)
        return True

    def _turn(self, events: list[Any]) -> None:
        before = {u.name: (u.run, u.side) for u in self.units}
        out = self.machine.turn(events, NOW)
        self._one_run(before, events, out)
        pmlaws.check_effects(self.machine, out)
        if self.instant:
            self._answer([e for e in out if isinstance(e, Spawn)])
        for number, unit in enumerate(self.units):  # numbers of runs carry no meaning
            unit.run = 2 * number + 1 if unit.run else 0
            unit.side = 2 * number + 2 if unit.side else 0
            unit.streak = unit.restarts = 0
            unit.up_at = NOW if unit.up_at >= 0 else -1
            unit.well = NOW
        self.machine.runs = 1000

    def _answer(self, spawns: list[Spawn]) -> None:
        """Every process exists at once, a reload is done at once."""
        news: list[Any] = [
            Spawned(e.unit, e.run, 1) for e in spawns if e.step != states.RELOAD_STEP
        ]
        news += [Exited(e.unit, e.run, 0) for e in spawns if e.step == states.RELOAD_STEP]
        if news:
            self._turn(news)

    def _one_run(
        self, before: dict[str, tuple[int, int]], events: list[Any], out: list[Any]
    ) -> None:
        """A main step begins only when nothing of the unit runs."""
        ended = {e.run for e in events if isinstance(e, (Exited, SpawnFailed))}
        for effect in out:
            if isinstance(effect, Spawn):
                unit = self.machine.units[effect.unit]
                left = [r for r in before[effect.unit] if r and r not in ended]
                if effect.run == unit.run:
                    assert not left, f"{effect.unit}: two runs at a time"
                else:
                    assert before[effect.unit][1] in (0, *ended), f"{effect.unit}: two side steps"

    def actions(self) -> Iterator[Action]:
        for unit in self.units:
            yield from self._asked(unit)
            yield from self._news(unit)

    def _asked(self, unit: Unit) -> Iterator[Action]:
        if unit.asked == states.DOWN or unit.state in FAILED:
            yield ("start", unit.name, None)
        if unit.asked == states.UP:
            yield ("stop", unit.name, None)
        if not unit.by_hand and not self.instant:
            yield ("stop by hand", unit.name, None)
        if not unit.renew and unit.state not in (states.STOPPED, states.SCHE_START):
            yield ("restart", unit.name, None)
        if not self.instant:
            yield from _rare_commands(unit)

    def _news(self, unit: Unit) -> Iterator[Action]:
        name = unit.name
        if unit.run and not unit.pid:
            yield ("spawned", name, None)
            yield ("unborn", name, None)
        if unit.run and unit.pid:
            for code in (0, 1) if unit.checked else (1,):
                yield ("exited", name, code)
            if unit.active and (unit.kind == SUBPM or unit.active.ready["how"] == "notify"):
                yield ("ready", name, None)
        if unit.run and unit.active and unit.active.watchdog:
            yield ("silent", name, None)
        if unit.side:
            yield ("side", name, 0)
            yield ("side", name, 1)
        yield from self._timers(unit)

    def _timers(self, unit: Unit) -> Iterator[Action]:
        waits = unit.active is not None and unit.active.ready["how"] == "wait" and unit.pid
        prompt = self.instant and (
            unit.state == states.STOPPING
            or (unit.state == states.STARTING and not (waits and not unit.checked))
        )
        if unit.due >= 0 and not prompt:
            yield ("timer", unit.name, "due")
        if unit.side_due >= 0:
            yield ("timer", unit.name, "side_due")
        if unit.grace_due > NOW:
            yield ("timer", unit.name, "grace_due")


def _unit_key(u: Unit) -> State:
    grace = 0 if u.grace_due < 0 else 1 + (u.grace_due <= NOW)
    now = (
        u.state,
        u.asked,
        u.by_hand,
        bool(u.called),
        u.want,
        bool(u.run),
        bool(u.pid),
        bool(u.side),
    )
    timers = (u.due >= 0, u.side_due >= 0, grace)
    later = (u.again, u.renew, u.rest, u.stuck, u.over, u.left, u.behind, u.reloads, u.todo)
    killed = u.killed if u.state == states.STOPPING else 0
    well = (u.sick, u.result.startswith("health:"), u.up_at < 0)
    steps = (u.step if u.run else "", u.side_step if u.side else "", u.made, u.lock, killed)
    ends = (bool(u.doom), u.result == failing.UNKILLABLE, u.active is None, u.owed is None)
    return (*now, *timers, *later, *well, *steps, *ends)


_COMMANDS: dict[str, Callable[[str], Any]] = {
    "start": lambda name: Want(name, states.UP, "plan"),
    "stop": lambda name: Want(name, states.DOWN, "plan"),
    "stop by hand": lambda name: Want(name, states.DOWN, "manual by x"),
    "reset": ResetFailed,
    "recheck": Recheck,
    "reload": Reload,
    "restart": lambda name: Restart(name, "plan"),
    "call": lambda name: Call(name, "timer x"),
}


def _rare_commands(unit: Unit) -> Iterator[Action]:
    if unit.state in FAILED:
        yield ("reset", unit.name, None)
    if unit.state == states.RUNNING and unit.checked:
        yield ("recheck", unit.name, None)
    if unit.asked == states.DOWN and not unit.called:
        yield ("call", unit.name, None)
    if unit.state == states.RUNNING and unit.spec.reload:
        yield ("reload", unit.name, None)


_NEWS: dict[str, Callable[[Unit, Any], Any]] = {
    "spawned": lambda u, _: Spawned(u.name, u.run, 1),
    "unborn": lambda u, _: SpawnFailed(u.name, u.run, "exec:ENOENT"),
    "exited": lambda u, code: Exited(u.name, u.run, code),
    "ready": lambda u, _: Ready(u.name, u.run, 1),
    "side": lambda u, code: Exited(u.name, u.side, code),
    "silent": lambda u, _: Silent(u.name, u.run, "x"),
}


def explore(specs: dict[str, UnitSpec], instant: bool, limit: int = 10**7) -> Counts:
    """Visit every reachable joint state and check the laws there; count them."""
    world = World(specs, instant)
    first = world.key()
    saved = {first: world.save()}
    came: dict[State, tuple[State, Action]] = {}
    kind: dict[State, State] = {}  # the next state when the world is kind, for the law of ends
    todo = deque([first])
    turns = 0
    while todo:
        here = todo.popleft()
        state = saved[here]
        world.restore(state)
        actions = list(world.actions())
        way = _kind_action(world, actions)
        for action in actions:
            world.restore(state)
            try:
                if not world.act(action):
                    continue
                turns += 1
                there = world.key()
                if there not in saved:
                    pmlaws.check(world.machine)
                    pmlaws.check_stops(world.machine)
            except Exception as error:
                raise AssertionError(f"{error}; after {_path(came, here)}, {action}") from error
            if action == way:
                kind[here] = there
            if there not in saved:
                saved[there] = world.save()
                came[there] = (here, action)
                todo.append(there)
                assert len(saved) < limit
        if way is None:
            world.restore(state)
            _check_end(world)
    _check_kindness(kind)
    return Counts(len(saved), turns)


def _path(came: dict[State, tuple[State, Action]], here: State) -> str:
    """How the explorer came to a state."""
    actions = []
    while here in came:
        here, action = came[here]
        actions.append(" ".join(str(word) for word in action if word is not None))
    return ", ".join(reversed(actions))


def _kind_action(world: World, actions: list[Action]) -> Action | None:
    """What a kind world does next: starts succeed, who is asked to go goes, nobody crashes."""
    choices = [a for a in actions if a[0] not in (*_COMMANDS, "unborn", "silent")]
    ranked = [
        (rank, a) for a in choices for rank in [_kindness(world.machine.units[a[1]], a)] if rank
    ]
    return min(ranked)[1] if ranked else None


def _kindness(unit: Unit, action: Action) -> int:
    """0: a kind world does not do this."""
    kind, _, argument = action
    if kind == "timer":
        in_time = unit.state in FAILED or argument == "side_due"
        waits = unit.state == states.STARTING and unit.kind == PROCESS and unit.pid
        ready = waits and unit.active is not None and unit.active.ready["how"] == "wait"
        return 9 if argument == "grace_due" else 5 * bool(in_time or ready)
    if kind == "exited":
        at_end = unit.state in (states.STOPPING, *FAILED)
        step = unit.checked and argument == 0
        return 3 * (step or (at_end and not unit.checked))
    if kind == "side":
        return 2 * (argument == 0)
    if kind == "ready":
        return int(unit.state == states.STARTING)
    return 1


def _check_kindness(kind: dict[State, State]) -> None:
    """A kind world comes to an end: no way runs in a circle."""
    done: set[State] = set()
    for start in kind:
        path: dict[State, None] = {}
        here = start
        while here in kind and here not in done:
            assert here not in path, "a kind world runs in a circle"
            path[here] = None
            here = kind[here]
        done.update(path)


def _check_end(world: World) -> None:
    """Wants are honoured finally."""
    for unit in world.units:
        if unit.left or unit.rest or unit.result == failing.UNKILLABLE:
            continue
        end = states.RUNNING if unit.want == states.UP else states.STOPPED
        hurt = any(
            n.rest or n.left or n.stuck for n in map(world.machine.units.get, unit.spec.needs) if n
        )
        assert unit.state == end or hurt, f"{unit.name} ends {unit.state}, wanted {unit.want}"
        assert unit.owed is None or unit.want == states.UP, f"{unit.name}: something is left of it"
