"""From a unit's parameters to an order for a process: what every step of every kind shares."""

from __future__ import annotations

import os
from _json import encode_basestring as quote

from enve_pm.shell.process.descend import MARKER
from enve_pm.shell.process.spawn import Order, base_env

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from enve_pm.core.unit import UnitSpec
    from enve_pm.resource.run import Run
    from enve_pm.shell.log.logpipe import LogPipes
    from enve_pm.shell.state.home import Home


def environment(spec: UnitSpec, home: Home, job: str, own: bool = False) -> dict[str, str]:
    """PATH, LANG, HOME; the unit's own; and what pm says. `own`: for what pm does itself. Raises
    SpawnError."""
    env = base_env("" if own else spec.user)
    env.update(spec.env)
    env["SPOT_DIR"] = home.spot(spec.unit)
    env["PM_UNIT"] = spec.unit
    env[MARKER] = job
    return env


def describe(run: Run, argv: Sequence[str], wall: int, log: str = "") -> bytes:
    """jobs/ID/parameter of a run: canonical JSON, written by hand as it is made at every start.
    log: the file that its lines go to; which one that was, and how long, is noted."""
    command = ",".join([quote(word) for word in argv])
    try:
        at = os.stat(log) if log else None
    except OSError:
        at = None
    told = '"log":[%d,%d],' % (at.st_ino, at.st_size) if at is not None else ""
    text = '{"command":[%s],%s"run":%d,"step":"%s","unit":%s,"wall":%d}' % (
        command,
        told,
        run.number,
        run.step,
        quote(run.unit),
        wall,
    )
    return text.encode("utf-8", "backslashreplace")


def output(spec: UnitSpec, logs: LogPipes) -> dict[int, int]:
    """Where the unit prints to: its pipe to the logger; /dev/null when there is no room for one."""
    try:
        writer = logs.writer(spec.unit, spec.log_size, spec.log_keep)
    except OSError:
        return {}
    return {1: writer, 2: writer}


def order(
    spec: UnitSpec, home: Home, argv: Sequence[str], env: dict[str, str], fds: dict[int, int]
) -> Order:
    """The unit's command, or another of its own, with the unit's limits and user."""
    made = Order(argv, env, fds, cwd(spec, home), spec.umask)
    made.user = spec.user
    made.group = spec.group
    made.nice = spec.nice
    made.rlimits = spec.rlimits
    return made


def cwd(spec: UnitSpec, home: Home) -> str:
    """Its cwd; by default the spot's directory, which is made when nothing was placed there."""
    try:
        spot = whole(home.spot(spec.unit), spec.user)
    except OSError:
        return spec.cwd if spec.cwd.startswith("/") else home.path
    return (
        os.path.join(spot, spec.cwd) if spec.cwd else spot
    )  # a relative one counts from the spot's directory


def whole(spot: str, user: str) -> str:
    """A spot's directory, made where it is missing. Raises OSError."""
    if not os.path.isdir(spot):
        os.mkdir(spot, 0o700)  # as one in which something is placed
        _hand_over(spot, user)
    return spot


def _hand_over(folder: str, user: str) -> None:
    """The unit's user owns the unit's directory."""
    if not user or os.getuid():
        return
    import pwd

    try:
        entry = pwd.getpwnam(user)
        os.chown(folder, entry.pw_uid, entry.pw_gid)
    except (KeyError, OSError):
        pass  # the launch says what is wrong with the user
