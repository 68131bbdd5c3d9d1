"""Scripts for pm's machine: `tests/cases/machine/*.txt`, one row of its design each.

unit web needs=db stop_timeout=500     a unit, wanted down; values are JSON or words
do start web; stop db                  commands, judged and taken as one batch; by the plan instead
                                       of by hand: plan-start, plan-stop
owes web kind=...                      at the start: made by these parameters, maybe still there
define web files={...} / apply web     new parameters / put them into force; also remove, restart,
                                       reload, recheck, reset, call (as a timer does)
spawned web · exit web 1 · ready web · side web 0 [why] · unborn web exec:ENOENT · silent web why
                                       news of its steps
up web                                 its step exists, and the wait for readiness passes
after 2000                             time passes; timers fire at their times
is web RUNNING ok                      state (and result, why, stale, `-` = any); `gone web`
effects spawn web start, signal web TERM     of the last line; `effects none`
refused dependents web                 the last `do` was refused: code and a word of the reason
"""

from __future__ import annotations

import json
from typing import Any

from enve_pm.core import address
from enve_pm.core.effects import (
    Apply,
    Call,
    Changed,
    Define,
    Exited,
    Gone,
    Owes,
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
from enve_pm.core.machine import Machine, Refusal
from enve_pm.core.unit import UnitSpec
from tests.support import pmlaws

COMMANDS: dict[str, Any] = {
    "start": lambda n: Want(n, "up", "manual by me"),
    "stop": lambda n: Want(n, "down", "manual by me"),
    "plan-start": lambda n: Want(n, "up", "plan"),
    "plan-stop": lambda n: Want(n, "down", "plan"),
    "restart": lambda n: Restart(n, "manual by me"),
    "reload": Reload,
    "recheck": Recheck,
    "reset": ResetFailed,
    "remove": Remove,
    "apply": Apply,
    "call": lambda n: Call(n, "timer t"),
}


def spec(name: str, words: list[str] = []) -> UnitSpec:  # noqa: B006
    """`spec("web", ["needs=db", "start_timeout=500"])`: a process unless `kind` says otherwise."""
    line: dict[str, Any] = {"v": 1, "name": address.format((name,))}
    for word in words:
        key, _, text = word.partition("=")
        try:
            value = json.loads(text)
        except ValueError:
            value = text
        lists = key in ("needs", "wants", "after", "command", "check", "make", "undo")
        line[key] = value.split(",") if lists and isinstance(value, str) else value
    if line.get("kind", "process") == "process":
        line.setdefault("command", ["run"])
    return UnitSpec.parse(line)


class Script:
    """Runs one script against a machine; AssertionError tells the line."""

    def __init__(self) -> None:
        self.machine = Machine()
        self.now = 1000
        self.out: list[Any] = []
        self.refusals: list[Refusal] = []
        self.pid = 100

    def run(self, text: str) -> None:
        for number, line in enumerate(text.splitlines(), 1):
            words = line.split("#")[0].split()
            if words:
                try:
                    getattr(self, "_" + words[0])(*words[1:])
                    pmlaws.check(self.machine)
                except Exception as error:
                    raise AssertionError(f"line {number}: {line.strip()}: {error}") from error

    def _turn(self, *events: Any) -> None:
        before = pmlaws.public(self.machine)
        self.out = self.machine.turn(events, self.now)
        pmlaws.check_shown(before, self.machine, self.out)
        pmlaws.check_effects(self.machine, self.out)

    def _unit(self, name: str, *words: str) -> None:
        self._turn(Define(name, spec(name, list(words))))

    def _owes(self, name: str, *words: str) -> None:
        self._turn(Owes(name, spec(name, list(words))))

    def _do(self, *words: str) -> None:
        commands = " ".join(words).split(";")
        events = [self._command(*command.split()) for command in commands]
        self.refusals = self.machine.judge(events)
        self.out = []
        if not self.refusals:
            self._turn(*events)

    def _command(self, verb: str, name: str, *words: str) -> Any:
        if verb == "define":
            return Define(name, spec(name, list(words)))
        return COMMANDS[verb](name)

    def _spawned(self, name: str) -> None:
        self.pid += 1
        self._turn(Spawned(name, self.machine.units[name].run, self.pid))

    def _unborn(self, name: str, reason: str) -> None:
        self._turn(SpawnFailed(name, self.machine.units[name].run, reason))

    def _ready(self, name: str, pid: str = "0") -> None:
        self._turn(Ready(name, self.machine.units[name].run, int(pid)))

    def _exit(self, name: str, code: str) -> None:
        self._turn(Exited(name, self.machine.units[name].run, int(code)))

    def _side(self, name: str, code: str, *why: str) -> None:
        self._turn(Exited(name, self.machine.units[name].side, int(code), " ".join(why)))

    def _silent(self, name: str, *why: str) -> None:
        self._turn(Silent(name, self.machine.units[name].run, " ".join(why)))

    def _late(self, name: str, run: str) -> None:
        """News of a run that is long over."""
        self._turn(Exited(name, int(run), 0))

    def _up(self, *names: str) -> None:
        for name in names:
            self._spawned(name)
            unit = self.machine.units[name]
            self._after(str(max(0, unit.due - self.now)))

    def _after(self, delay: str) -> None:
        end = self.now + int(delay)
        out = []
        while True:
            due = self.machine.deadline()
            if due is None or due > end:
                break
            self.now = max(due, self.now)
            self._turn()
            out += self.out
        self.now = end
        self._turn()
        self.out = out + self.out

    def _is(self, name: str, state: str, *words: str) -> None:
        unit = self.machine.units[name]
        found = (unit.state, unit.result, unit.why, unit.stale or "fresh")
        wanted = (state, *(word.replace("_", " ") for word in words))
        for want, have in zip(wanted, found):  # noqa: B905  (what is not named may be anything)
            assert want in ("-", have), f"found {found}"

    def _drift(self, name: str, word: str) -> None:
        assert self.machine.units[name].drift == (word == "yes")

    def _counts(self, name: str, restarts: str) -> None:
        assert self.machine.units[name].restarts == int(restarts)

    def _detail(self, name: str, *words: str) -> None:
        assert self.machine.units[name].detail == " ".join(words), self.machine.units[name].detail

    def _gone(self, name: str) -> None:
        assert name not in self.machine.units
        assert Gone(name) in self.out

    def _deadline(self, delay: str) -> None:
        due = self.machine.deadline()
        assert due == (None if delay == "none" else self.now + int(delay)), due and due - self.now

    def _effects(self, *words: str) -> None:
        wanted = [] if words == ("none",) else [w.strip() for w in " ".join(words).split(",")]
        found = [_text(e) for e in self.out if not isinstance(e, (Changed, Gone))]
        assert found == wanted, f"found {found}"

    def _refused(self, code: str, *words: str) -> None:
        assert [r.code for r in self.refusals] == [code], self.refusals
        assert " ".join(words) in self.refusals[0].reason, self.refusals


def _text(effect: Any) -> str:
    if isinstance(effect, Spawn):
        return f"spawn {effect.unit} {effect.step}"
    assert isinstance(effect, Signal)
    return f"signal {effect.unit} {effect.signal}" + (" tree" if effect.tree else "")
