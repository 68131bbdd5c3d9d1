"""The owner's commands: read from HOME/input, judged, carried out, and answered in jobs/ID."""

from __future__ import annotations

import os

from enve_pm.core import verb as verbs
from enve_pm.core.address import AddressError
from enve_pm.core.address import parse as parse_address
from enve_pm.core.canonical import dumps
from enve_pm.core.goal import Goal
from enve_pm.core.judge import RETCODES
from enve_pm.core.property import with_property
from enve_pm.core.refusal import FormatError
from enve_pm.core.unit import UnitError
from enve_pm.shell.process.job import CLIENT
from enve_pm.wire import command

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from enve_pm.app.engine import Engine
    from enve_pm.core.unit import UnitSpec
    from enve_pm.shell.state.home import Home
    from enve_pm.wire.command import Command

    Act = Callable[[str, Sequence[str]], None]

DONE, FAILED, REFUSED, BAD = 0, 3, 5, 64
MOST = 4096  # commands that wait for their goal at the same time
WITH_DEPENDENTS = "--with-dependents"
BY = "--by="


class Owner:
    """`verbs` holds what other rooms do for a verb: a function of (job, args) that at some time
    calls `finish`. `relay` gets a command for a unit of a sub-pm."""

    def __init__(self, engine: Engine, home: Home) -> None:
        self.verbs: dict[str, Act] = {"set-property": self._set_property}
        self.set_by_hand: Callable[[UnitSpec], None] = lambda spec: None
        self.relay: Callable[[Command], None] = self._no_relay
        self.answered: Callable[[], None] = lambda: None  # a job has its answer
        self.settle: Callable[[], None] = lambda: None  # puts the states of units on the disk
        self._engine = engine
        self._home = home
        self._lines = command.Lines()
        self._goals: dict[str, Goal] = {}
        self._fd = -1

    def listen(self, fd: int) -> None:
        self._fd = fd
        self._lines = command.Lines()
        self._engine.loop.watch(fd, self._read)

    def _read(self) -> None:
        try:
            data = os.read(self._fd, 65536)
        except BlockingIOError:
            return
        for line in self._lines.feed(data):
            self.take(line)

    def take(self, line: bytes) -> None:
        """Carry out one line. A line that names no job has nobody to answer to."""
        try:
            order = command.parse(line)
        except FormatError as error:
            self._answer_bad(line, str(error))
            return
        if self._home.jobs.exists(order.job):
            return  # that id has its answer, or will have it
        self._begin(order)
        if len(self._goals) >= MOST:
            self.finish(order.job, REFUSED, "too many commands are waiting: try again later")
        elif order.verb in self.verbs:
            self.verbs[order.verb](order.job, order.args)
        else:
            self._command(order)

    def finish(self, job: str, code: int, message: str = "") -> None:
        """Answer a job."""
        self._goals.pop(job, None)
        self._home.jobs.end(job, code, message)
        self.answered()

    def check(self) -> None:
        """After each turn of the machine: which goals are decided? Who hears the answer may look at
        once, so what it speaks of is on the disk by then."""
        decided = [
            (job, outcome)
            for job, outcome in [
                (job, goal.outcome(self._engine.machine)) for job, goal in self._goals.items()
            ]
            if outcome is not None
        ]
        if not decided or self._engine.busy():
            return
        self.settle()
        for job, outcome in decided:
            self.finish(job, *outcome)

    # -- one command ------------------------------------------------------------------------------
    def _begin(self, order: Command) -> None:
        wall = self._home.system.wall()
        parameter = {"verb": order.verb, "args": list(order.args), "wall": wall}
        self._home.jobs.begin(order.job, CLIENT, dumps(parameter))

    def _answer_bad(self, line: bytes, message: str) -> None:
        """If the line begins with a job id, its writer waits for an answer."""
        try:
            job = command.parse(line.split(b" ", 1)[0] + b" start").job
        except FormatError:
            return
        if not self._home.jobs.exists(job):
            self._home.jobs.begin(job, CLIENT, b'{"args":[],"verb":""}')
            self.finish(job, BAD, message)

    def _command(self, order: Command) -> None:
        names, flags = _split(order.args)
        try:
            addresses = [parse_address(name) for name in names]
        except AddressError as error:
            self.finish(order.job, BAD, str(error))
            return
        if not addresses:
            self.finish(order.job, BAD, "%s: which unit? give at least one name" % order.verb)
        elif all(len(address) == 1 for address in addresses):
            self._carry_out(order, [address[0] for address in addresses], flags)
        else:
            self.relay(order)

    def _no_relay(self, order: Command) -> None:
        self.finish(order.job, BAD, "this pm has no sub-pms")

    def _carry_out(self, order: Command, units: list[str], flags: list[str]) -> None:
        machine = self._engine.machine
        if WITH_DEPENDENTS in flags:
            known = [unit for unit in units if unit in machine.units]
            units += [name for unit in known for name in machine.dependents(unit)]
            units = list(dict.fromkeys(units))
        events = verbs.events(machine, order.verb, units, _who(flags))
        refusals = self._engine.judge(events)
        if refusals:
            code = max(RETCODES[refusal.code] for refusal in refusals)
            self.finish(order.job, code, "\n".join(refusal.reason for refusal in refusals))
            return
        self._engine.feed(events)
        self._goals[order.job] = Goal(order.verb, units)

    def _set_property(self, job: str, args: Sequence[str]) -> None:
        unit = self._engine.machine.units.get(args[0]) if args else None
        if unit is None or len(args) < 2:
            self.finish(job, BAD, "set-property: wanted UNIT KEY=VALUE..., a unit that exists")
            return
        spec = unit.spec
        try:
            for assignment in args[1:]:
                spec = with_property(spec, assignment)
        except UnitError as error:
            self.finish(job, BAD, str(error))
            return
        self.set_by_hand(spec)
        self._goals[job] = Goal("set-property", [spec.unit])

    # -- over a change of program -----------------------------------------------------------------
    def dump(self) -> list[list[Any]]:
        return [[job, goal.verb, list(goal.units)] for job, goal in self._goals.items()]

    def restore(self, goals: list[list[Any]]) -> None:
        self._goals = {job: Goal(verb, units) for job, verb, units in goals}


def _split(args: Sequence[str]) -> tuple[list[str], list[str]]:
    """Names of units, and flags."""
    flags = [arg for arg in args if arg == WITH_DEPENDENTS or arg.startswith(BY)]
    return [arg for arg in args if arg not in flags], flags


def _who(flags: list[str]) -> str:
    names = [flag[len(BY) :] for flag in flags if flag.startswith(BY)]
    return names[0][:64] if names and names[0] else "owner"
