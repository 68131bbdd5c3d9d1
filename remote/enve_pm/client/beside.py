"""What a command beside a unit's process, or beside a nested pm, goes through on its way in."""

from __future__ import annotations

import contextlib
import os
import signal

from enve_pm.client import listed
from enve_pm.core import states
from enve_pm.core.filename import quote
from enve_pm.core.unit import PROCESS, SUBPM, UnitSpec
from enve_pm.enter import order as orders
from enve_pm.enter import tty
from enve_pm.resource.rooms import room
from enve_pm.resource.run import Run
from enve_pm.resource.step import environment, order
from enve_pm.shell.events.system import System
from enve_pm.shell.process.descend import MARKER
from enve_pm.shell.process.spawn import Order, base_env, whom
from enve_pm.shell.state.home import Home
from enve_pm.shell.words import FAILED, USAGE, Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def place(name: str) -> str:
    """The HOME of a nested pm, below that of the pm above it."""
    return f"spots/{quote(name)}"


def process(spec: UnitSpec, home: str, name: str) -> Run:
    """That of the unit, or nested pm, now. Raises Failure."""
    if spec.kind not in (PROCESS, SUBPM):
        raise Failure(USAGE, f"{name} is a {spec.kind}, no process")
    run = Run(spec.unit, 0, states.START, "")
    run.main = int(listed.unit(home, name).get("pid") or 0)
    stat = System().stat(run.main) if run.main and not listed.not_running(home, name) else None
    if stat is None:
        raise Failure(FAILED, listed.not_running(home, name) or f"{name} has no process now")
    run.start = stat.start
    return run


def process_orders(spec: UnitSpec, home: str, argv: Sequence[str], main: Run) -> orders.Orders:
    """To run it beside the process of a unit. Raises SpawnError."""
    at = Home(home, System())
    made = order(spec, at, argv, environment(spec, at, main.job), {})
    beside = room(spec, states.HEALTH, at, lambda unit: None, main)
    made.room = beside or {"spot": at.spot(spec.unit), "join": [main.main, main.start]}
    return _read(made)


def pm_orders(spec: UnitSpec, home: str, argv: Sequence[str], main: Run) -> orders.Orders:
    """To run it beside a nested pm, as that pm's user. Raises SpawnError."""
    at = f"{home}/{place(spec.unit)}"
    made = Order(argv, {**base_env(spec.user), **spec.env}, {}, at, spec.umask)
    made.user = "" if spec.mode == "root" or os.geteuid() else spec.user
    made.nice, made.rlimits = spec.nice, spec.rlimits
    made.room = {"spot": at, "join": [main.main, main.start], "closed": bool(spec.room)}
    made.room["join_users"] = "users" in spec.room
    return _read(made)


def _read(made: Order) -> orders.Orders:
    made.env.pop(MARKER, None)  # it is none of pm's
    made.env["TERM"] = os.environ.get("TERM", "dumb")
    made.room = {**made.room, "inside": True}
    handle = orders.write(made, whom(made.user, made.group))
    try:
        return orders.read(handle)
    finally:
        os.close(handle)


def own_terminal(made: orders.Orders, foreign: bool) -> None:
    """0 is the terminal of who will be there. `foreign`: not that of our session yet; else it was
    made for us, and may be another's to give away."""
    owner = made.whom[0] if made.whom else -1
    if foreign:
        tty.control(owner if not os.geteuid() else -1)
        return
    with contextlib.suppress(OSError):
        os.fchown(0, owner, -1)


def take_foreground() -> None:
    """In a group of our own, which the terminal hears."""
    os.setpgid(0, 0)
    before = signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    with contextlib.suppress(OSError):
        os.tcsetpgrp(0, os.getpgrp())
    signal.signal(signal.SIGTTOU, before)
