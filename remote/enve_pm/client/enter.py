"""`pm enter UNIT [-- COMMAND...]`: a shell beside a unit's process: its user, its rights, its file
system and namespaces (but that of pids), as a health command has them."""

from __future__ import annotations

import os
import sys

from enve_pm.client import apart, listed, read
from enve_pm.core import states
from enve_pm.core.unit import PROCESS, UnitSpec
from enve_pm.enter import order as orders
from enve_pm.enter.passage import Passage, Stop
from enve_pm.resource.rooms import room
from enve_pm.resource.run import Run
from enve_pm.resource.step import environment, order
from enve_pm.shell import where, words
from enve_pm.shell.events.system import System
from enve_pm.shell.process.descend import MARKER
from enve_pm.shell.process.spawn import SpawnError, whom
from enve_pm.shell.state.home import Home
from enve_pm.shell.words import FAILED, REFUSED, USAGE, Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

SHELL = ("/bin/sh", "-i")
CANNOT = "%s cannot be entered: %s"


def run(arguments: Sequence[str]) -> int:
    """The exit status of the command. Raises Failure."""
    options, names = words.split(arguments, where.FLAGS)
    if not names:
        raise Failure(USAGE, "wanted one unit: pm enter UNIT [-- COMMAND...]")
    name, *command = names
    home, steps = where.home(options), read.steps(name)
    if len(steps) > 1:
        raise Failure(USAGE, f"{name} is another pm's: pm enter --home ITS-HOME {steps[-1]}")
    spec = UnitSpec.parse(read.parameter(home, steps))
    if os.stat(home).st_uid != os.geteuid():
        raise Failure(REFUSED, f"only the owner of pm in {home} may; use its login, or sudo")
    try:
        made = _order(spec, home, command or SHELL, _process(spec, home, name))
    except SpawnError as error:
        raise Failure(FAILED, CANNOT % (name, error)) from None
    return apart.run(lambda on_terminal: _go(made, name, on_terminal))


def _go(made: orders.Orders, name: str, on_terminal: bool) -> int:
    """Returns only where it cannot be done."""
    if on_terminal:
        made.room = {**made.room, "terminal": True}
    try:
        Passage(made, _no_fork).go()
    except Stop as stop:
        print(f"pm: {CANNOT % (name, stop)}", file=sys.stderr, flush=True)
    return FAILED


def _process(spec: UnitSpec, home: str, name: str) -> Run:
    """The unit's own, now. Raises Failure."""
    if spec.kind != PROCESS:
        raise Failure(USAGE, f"{name} is a {spec.kind}, no process")
    run = Run(spec.unit, 0, states.START, "")
    run.main = int(listed.unit(home, name).get("pid") or 0)
    stat = System().stat(run.main) if run.main and not listed.not_running(home, name) else None
    if stat is None:
        raise Failure(FAILED, listed.not_running(home, name) or f"{name} has no process now")
    run.start = stat.start
    return run


def _order(spec: UnitSpec, home: str, argv: Sequence[str], main: Run) -> orders.Orders:
    place = Home(home, System())
    made = order(spec, place, argv, environment(spec, place, main.job), {})
    del made.env[MARKER]  # it is none of pm's
    made.env["TERM"] = os.environ.get("TERM", "dumb")
    beside = room(spec, states.HEALTH, place, lambda unit: None, main)
    made.room = beside or {"spot": place.spot(spec.unit), "join": [main.main, main.start]}
    handle = orders.write(made, whom(spec.user, spec.group))
    try:
        return orders.read(handle)
    finally:
        os.close(handle)


def _no_fork() -> None:
    """Namespaces of pids are not entered."""
