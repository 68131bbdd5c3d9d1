"""A pm with two levels of sub-pms and a world that does anything, one chosen step after the other.

`choose(n)` gives a number below n: from a seeded generator, or from hypothesis. Time is real to the
machines; processes are numbers here. A sub-pm's machine lives as long as its parent's process for
it; when that dies everything below dies with it, as the watchdog sees to.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

from enve_pm.core import states
from enve_pm.core.effects import (
    Apply,
    Call,
    Define,
    Exited,
    Gone,
    Ready,
    Recheck,
    Reload,
    Remove,
    ResetFailed,
    Restart,
    Signal,
    Silent,
    Spawn,
    Spawned,
    SpawnFailed,
    Want,
)
from enve_pm.core.machine import Machine
from enve_pm.core.unit import SUBPM, UnitSpec
from tests.support import pmlaws
from tests.support.pmscript import spec

RESOURCE = [
    "kind=resource",
    "check=c",
    "make=m",
    "undo=u",
    "check_every=700",
    "excl=root",
    "start_timeout=900",
]
HEALTH = 'health={"how":"tcp","address":"127.0.0.1:1","every":5000,"failures":2}'
HUP = 'reload={"signal":"HUP"}'
INSTALL, SETUP = "p!install@e", "p!setup@e"


def stage(name: str, *words: str) -> UnitSpec:
    do = name.partition("!")[2].partition("@")[0]
    body = json.dumps({"do": do, "url": "/u", "table": {}}, separators=(",", ":"))
    return spec(name, ["kind=stage", "stage=" + body, "check_every=700", *words])


# Level by level: units with the lines that they may have; the first is the plan's.
LEVELS: tuple[dict[str, tuple[UnitSpec, ...]], ...] = (
    {
        "a": (
            spec("a"),
            spec("a", ["stop_timeout=50", HEALTH, "watchdog=9", 'ready={"how":"notify"}']),
            spec("a", ['ready={"how":"wait","ms":0}']),
        ),
        "b": (
            spec("b", ["needs=a", HUP, 'on_restart={"a":"reload"}', 'ready={"how":"notify"}']),
            spec("b", ["wants=a", "after=a", HEALTH]),
            spec("b", ["needs=a,missing", "restart=never"]),
        ),
        "s": (spec("s", ["kind=subpm", "mode=root", "needs=a"]),),
    },
    {
        "c": (
            spec("c", RESOURCE),
            spec("c", [*RESOURCE, "nice=1"]),
            spec("c", ["kind=mount", 'mount={"type":"tmpfs","at":"c"}', "check_every=700"]),
        ),
        "s": (spec("s", ["kind=subpm", "mode=user", "needs=c", 'on_restart={"c":"ignore"}']),),
    },
    {
        "d": (
            spec("d", ["restart=on-failure", "restart_max=3", 'ready={"how":"check"}', "check=c"]),
            spec("d", ["kind=resource", "check=c", "make=m"]),
            spec("d", ["kind=job", "command=c", "restart=on-failure", "undo=u"]),
            spec("d", ["kind=timer", 'timer={"unit":"x","do":"restart","every":1000}']),
        ),
        INSTALL: (stage(INSTALL), stage(INSTALL, 'env={"http_proxy":"p"}')),
        SETUP: (stage(SETUP, "needs=" + INSTALL), stage(SETUP, "user=u", "needs=" + INSTALL)),
        "e": (
            spec("e", [f"needs={INSTALL},{SETUP}", HUP, f'on_restart={{"{SETUP}":"reload"}}']),
            spec("e", ["needs=" + INSTALL]),
        ),
    },
)


class Level:
    """One pm: its machine, the steps that run, and a twin that lives on through dump and load."""

    def __init__(self, depth: int, now: int, twin: bool, seen: Counter[str]) -> None:
        self.depth = depth
        self.seen = seen
        self.machine = Machine()
        self.twin = Machine() if twin else None
        self.runs: dict[int, Spawn] = {}  # steps that were asked for and have not ended
        self.born: set[int] = set()
        self.child: Level | None = None
        start = [Define(name, lines[0]) for name, lines in LEVELS[depth].items()]
        self.feed([*start, *(Want(name, "up", "plan") for name in LEVELS[depth])], now)

    def feed(self, events: list[Any], now: int) -> None:
        for event in events:
            if isinstance(event, (Exited, SpawnFailed)):
                self.runs.pop(event.run, None)
        before = pmlaws.public(self.machine)
        out = self.machine.turn(events, now)
        pmlaws.check_shown(before, self.machine, out)
        if self.twin is not None:
            assert self.twin.turn(events, now) == out, "a machine that was loaded goes another way"
        for effect in out:
            self._hear(effect)
        pmlaws.check(self.machine)
        pmlaws.check_effects(self.machine, [e for e in out if not isinstance(e, Gone)])
        if self.child is not None and not self._child_lives():
            self.seen["sub-pms ended"] += 1
            self.seen["trees of sub-pms ended"] += self.child.child is not None
            self.child = None

    def _hear(self, effect: Any) -> None:
        if isinstance(effect, Spawn):
            unit = self.machine.units[effect.unit]
            others = [s for s in self.runs.values() if s.unit == effect.unit]
            if effect.run == unit.run or (effect.run != unit.side and others):
                assert not others, f"{effect} beside {others}"
            self.runs[effect.run] = effect
        elif isinstance(effect, Signal):
            assert effect.run in self.runs, f"{effect} for nobody"
        elif isinstance(effect, Gone):
            left = [s for s in self.runs.values() if s.unit == effect.unit]
            assert not left, f"{effect} and {left}"

    def _child_lives(self) -> bool:
        return any(s.unit == "s" and run in self.born for run, s in self.runs.items())

    def reload(self, now: int) -> None:
        """Go through JSON, as a program does that replaces itself."""
        data = json.loads(json.dumps(self.machine.dump()))
        loaded = Machine.load(data, now)
        assert loaded.dump() == self.machine.dump()
        assert loaded.deadline() == self.machine.deadline()
        if self.twin is None:
            self.machine = loaded
        else:
            self.twin = loaded


class Sim:
    def __init__(self, choose: Callable[[int], int], twin: bool = False) -> None:
        self.choose = choose
        self.now = 1000
        self.twin = twin
        self.seen: Counter[str] = Counter()  # that the walk really comes to all levels
        self.top = Level(0, self.now, twin, self.seen)

    def levels(self) -> list[Level]:
        found, level = [], self.top
        while level is not None:
            found.append(level)
            level = level.child  # type: ignore[assignment]
        return found

    def step(self) -> None:
        """One thing happens somewhere; as often as not what a kind world does."""
        self.seen["steps with both levels alive"] += len(self.levels()) == len(LEVELS)
        if self.choose(2) and self._kind_step():
            return
        levels = self.levels()
        level = levels[self.choose(len(levels))]
        what = self.choose(10)
        if what < 5 and level.runs:
            self._news(level)
        elif what < 7:
            self._time()
        elif what < 9:
            self._command(level)
        else:
            self._rare(level)

    def _pick(self, items: Any) -> Any:
        items = list(items)
        return items[self.choose(len(items))]

    def _news(self, level: Level) -> None:
        run = self._pick(level.runs)
        spawn = level.runs[run]
        what = self.choose(6)
        if run not in level.born:
            self._birth(level, run, spawn, good=what > 0)
        elif what == 5 and self.choose(3) == 0 and spawn.step == states.START:
            level.feed([Silent(spawn.unit, run, "x")], self.now)
        elif what < 2 and spawn.step == states.START:
            level.feed([Ready(spawn.unit, run, run)], self.now)
        else:
            level.feed([Exited(spawn.unit, run, (0, 0, 1, 0, 1, -9)[what])], self.now)

    def _birth(self, level: Level, run: int, spawn: Spawn, good: bool) -> None:
        if not good:
            level.feed([SpawnFailed(spawn.unit, run, "exec:ENOENT")], self.now)
            return
        level.born.add(run)
        level.feed([Spawned(spawn.unit, run, run)], self.now)
        if spawn.unit == "s" and run in level.runs:
            self.seen["sub-pms begun"] += 1
            level.child = Level(level.depth + 1, self.now, self.twin, self.seen)

    def _time(self) -> None:
        """To the next deadline, or a little on."""
        dues = [d for d in (level.machine.deadline() for level in self.levels()) if d is not None]
        far = self.choose(3)
        self.now = min(dues) if dues and far else self.now + self.choose(3) * 1000
        for level in self.levels():
            level.feed([], self.now)

    def _command(self, level: Level) -> None:
        events = [self._one_command(level) for _ in range(1 + self.choose(3))]
        if not level.machine.judge(events):
            level.feed(events, self.now)

    def _one_command(self, level: Level) -> Any:
        name = self._pick(LEVELS[level.depth])
        kinds = (
            lambda: Want(name, "up", "plan"),
            lambda: Want(name, "down", "plan"),
            lambda: Want(name, "up", "manual by x"),
            lambda: Want(name, "down", "manual by x"),
            lambda: Restart(name, "manual by x"),
            lambda: Reload(name),
            lambda: Recheck(name),
            lambda: ResetFailed(name),
            lambda: Apply(name),
            lambda: Call(name, "timer x"),
            lambda: Define(name, self._pick(LEVELS[level.depth][name])),
        )
        return self._pick(kinds)()

    def _rare(self, level: Level) -> None:
        what = self.choose(4)
        name = self._pick(LEVELS[level.depth])
        if what == 0:
            level.reload(self.now)
        elif what == 1 and not level.machine.judge([Remove(name)]):
            level.feed([Remove(name)], self.now)
        elif what == 2:
            events = [
                Define(name, LEVELS[level.depth][name][0]),
                Want(name, "up", "plan"),
                Apply(name),
            ]
            if not level.machine.judge(events):
                level.feed(events, self.now)
        elif not level.runs:  # late news of a run that is over
            level.feed([Exited(name, 1 + self.choose(level.machine.runs), 0)], self.now)

    def calm(self) -> None:
        """The world turns kind: everything that is wanted comes up, the rest goes down."""
        for level in self.levels():
            level.feed([Want(n, "up", "plan") for n in level.machine.units], self.now)
        for _ in range(3000):
            if not self._kind_step():
                return
        raise AssertionError("a kind world does not come to rest")

    def _kind_step(self) -> bool:
        for level in self.levels():
            for run, spawn in list(level.runs.items()):
                if run not in level.born:
                    self._birth(level, run, spawn, good=True)
                    return True
                event = self._kind_news(level, run, spawn)
                if event is not None:
                    level.feed([event], self.now)
                    return True
        return self._kind_time()

    def _kind_news(self, level: Level, run: int, spawn: Spawn) -> Any:
        unit = level.machine.units[spawn.unit]
        if spawn.step != states.START or run == unit.side:
            return Exited(spawn.unit, run, 0)
        if unit.state == states.STARTING and (
            unit.kind == SUBPM or (unit.active or unit.spec).ready["how"] == "notify"
        ):
            return Ready(spawn.unit, run, run)
        asked = unit.state in (states.STOPPING, states.FAIL)
        return Exited(spawn.unit, run, 0) if asked else None

    def _kind_time(self) -> bool:
        """Only timers that lead somewhere: not the next check of a resource that is up."""
        moving = [
            due
            for level in self.levels()
            for unit in level.machine.units.values()
            for due in (unit.due, unit.side_due, unit.grace_due)
            if due >= 0 and unit.state != states.RUNNING
        ]
        if not moving:
            return False
        self.now = max(self.now, min(moving))
        for level in self.levels():
            level.feed([], self.now)
        return True

    def check_rest(self) -> None:
        for level in self.levels():
            sub = level.machine.units.get("s")
            up = sub is not None and sub.state == states.RUNNING
            assert up == (level.child is not None), "a sub-pm is up with nobody there, or not back"
            for unit in level.machine.units.values():
                broken = unit.result.startswith("missing") or unit.left
                if unit.want == states.DOWN:
                    assert unit.state == states.STOPPED or unit.left, unit.name
                elif not broken:
                    assert unit.state == states.RUNNING, f"{unit.name} rests {unit.state}"
