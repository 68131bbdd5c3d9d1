"""`pm enter UNIT [-- COMMAND...]`: a shell beside a unit's process: its user, its rights, its file
system and namespaces. `pm enter SUBPM`: one that stands where that pm does.

What belongs to a nested pm is entered in steps: we go where that pm is, with its user, and there
its own client goes on. So each step has the rights of the pm that it belongs to, and no more.
"""

from __future__ import annotations

import os
import sys

from enve_pm.client import apart, beside, itself, printed, read
from enve_pm.core import address
from enve_pm.core.unit import SUBPM, UnitSpec
from enve_pm.enter.passage import Passage, Stop
from enve_pm.shell import where, words
from enve_pm.shell.guard import program
from enve_pm.shell.process import keyring
from enve_pm.shell.process.spawn import SpawnError
from enve_pm.shell.words import FAILED, REFUSED, USAGE, Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from enve_pm.enter.order import Orders

# What a client of the pm above says: all is apart from people's terminals already; and not a unit
# of this pm is meant, but itself.
WITHIN, ITSELF = "--within", "--itself"
FLAGS = {**where.FLAGS, WITHIN: False, ITSELF: False}
SHELL = ("/bin/sh", "-i")
CANNOT = "%s cannot be entered: %s"


def run(arguments: Sequence[str]) -> int:
    """The exit status of the command. Raises Failure."""
    options, names = words.split(arguments, FLAGS)
    home = where.home(options)
    if ITSELF in options:
        return _be(home, names or SHELL)
    if not names:
        raise Failure(USAGE, "wanted one unit: pm enter UNIT [-- COMMAND...]")
    name, *command = names
    made = _orders(home, name, command)
    if WITHIN in options:
        return _go(made, name, os.isatty(0), foreign=False)
    return apart.run(lambda on_terminal: _go(made, name, on_terminal, foreign=True))


def _orders(home: str, name: str, command: Sequence[str]) -> Orders:
    """Raises Failure."""
    first, *below = read.steps(name)
    spec = UnitSpec.parse(read.parameter(home, (first,)))
    if os.stat(home).st_uid != os.geteuid():
        raise Failure(REFUSED, f"only the owner of pm in {home} may; use its login, or sudo")
    if below and spec.kind != SUBPM:
        raise Failure(USAGE, f"{first} is a {spec.kind}, no nested pm; pm list shows all")
    try:
        main = beside.process(spec, home, first)
        if spec.kind != SUBPM:
            return beside.process_orders(spec, home, command or SHELL, main)
        rest = [address.format(below)] if below else [ITSELF]
        inner = f"{home}/{beside.place(first)}"
        argv = program.argv(program.here(), "enter", WITHIN, "--home", inner)
        return beside.pm_orders(spec, home, [*argv, *rest, "--", *command], main)
    except SpawnError as error:
        raise Failure(FAILED, CANNOT % (name, error)) from None


def _go(made: Orders, name: str, on_terminal: bool, *, foreign: bool) -> int:
    """Returns only where it cannot be done. `foreign`: the terminal is not ours yet."""
    _close_all()
    keyring.renew()  # nor are his keys
    if on_terminal:
        beside.own_terminal(made, foreign)
    try:
        Passage(made, lambda: _fork(on_terminal)).go()
    except Stop as stop:
        why = _program(made, str(stop)) or stop
        print(f"pm: {CANNOT % (name, why)}", file=sys.stderr, flush=True)
    return FAILED


def _program(made: Orders, reason: str) -> str:
    """What is wrong with the command, in words; empty: it is something else."""
    what = {"exec:ENOENT": "is not there", "exec:EACCES": "is no program that its user may run"}
    if reason not in what:
        return ""
    program = made.argv[0]
    place = "" if "/" in program else f" (PATH={made.env.get('PATH', '')})"
    return f"{program} {what[reason]}{place}; pm enter UNIT -- COMMAND takes another"


def _close_all() -> None:
    """What our caller has open is not for who is there, whatever number it bears."""
    for name in os.listdir("/proc/self/fd"):
        if int(name) > 2:
            os.closerange(int(name), int(name) + 1)  # also the one of this look, which is closed


def _fork(on_terminal: bool) -> None:
    """A namespace of pids is for children: this process waits for one, which goes on."""
    child = os.fork()
    if child:
        os._exit(printed.follow(child))
    if on_terminal:
        beside.take_foreground()


def _be(home: str, command: Sequence[str]) -> int:
    """We are where the pm of this HOME is, and who it is."""
    path = f"{itself.programs(home)}:{os.environ.get('PATH', os.defpath)}"
    try:
        os.execvpe(command[0], list(command), {**os.environ, "PMHOME": home, "PATH": path})
    except OSError as error:
        raise Failure(FAILED, f"{command[0]}: {error.strerror}") from None
