"""How a command becomes a process: its environment, its limits, its user.

pm does not fork for it: `posix_spawn` starts the program, and what only the child can do for itself
(limits, nice, another user) is done by `prlimit`, `nice` and `setpriv`, which exec one another and
at last the command. Nothing of pm's own environment is handed on but HOME.
"""

from __future__ import annotations

import errno
import os
import stat

from enve_pm.shell.events.system import Whom

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from enve_pm.shell.events.loop import Loop

LANG = "C.UTF-8"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
UNLIMITED = ANY = -1
# Our names of limits -> prlimit's.
LIMITS = {
    "nofile": "nofile",
    "nproc": "nproc",
    "core": "core",
    "as": "as",
    "data": "data",
    "fsize": "fsize",
    "stack": "stack",
    "memlock": "memlock",
    "cpu": "cpu",
}


class SpawnError(Exception):
    """A process could not be started; `reason` is for `result`: `exec:ENOENT`, `user:web`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Order:
    """All that a process is started with. `fds`: child's number -> ours. `uid`: whose it will be,
    known when it has been started; ANY of a jail with users of its own."""

    __slots__ = (
        "argv",
        "cwd",
        "env",
        "fds",
        "group",
        "nice",
        "rlimits",
        "room",
        "uid",
        "umask",
        "user",
    )

    def __init__(
        self,
        argv: Sequence[str],
        env: dict[str, str],
        fds: dict[int, int],
        cwd: str = "/",
        umask: int = 0o22,
    ) -> None:
        self.argv = argv
        self.env = env
        self.fds = fds
        self.cwd = cwd
        self.umask = umask
        self.user = ""  # empty: the one that pm runs as
        self.group = ""
        self.uid = ANY
        self.nice = 0
        self.rlimits: Mapping[str, int] = {}
        self.room: Mapping[str, Any] = {}  # not empty: it goes through `enve_pm.enter`


def launch(loop: Loop, order: Order) -> int:
    """Start it and return the pid. Raises SpawnError."""
    argv = [find(order.argv[0], order.env["PATH"], order.cwd), *order.argv[1:]]
    user = whom(order.user, order.group)
    order.uid = os.geteuid() if user is None else user.uid
    prefix, env = _prefix(order, user)
    if prefix:
        argv = [*prefix, *argv]
    try:
        return loop.system.spawn(argv, env, order.fds, order.cwd, order.umask, user)
    except OSError as error:
        what = "cwd" if error.filename == order.cwd else "exec"
        raise SpawnError("%s:%s" % (what, code_name(error))) from None
    except ValueError:
        raise SpawnError("exec:EINVAL") from None


def helper(
    loop: Loop, argv: Sequence[str], fds: Mapping[int, int], done: Callable[[int], None]
) -> int:
    """Start a child of pm's own in its own session, and hear of its end. Raises SpawnError."""
    pid = launch(loop, Order(argv, base_env(), dict(fds)))
    loop.child(pid, done)
    return pid


def base_env(user: str = "") -> dict[str, str]:
    """The same PATH and LANG whoever started pm (deploy in a login, cron, systemd), and the HOME of
    who will run it. Raises SpawnError."""
    if not _BASE:
        _BASE.update({"HOME": os.environ.get("HOME") or "/", "PATH": PATH, "LANG": LANG})
    return {**_BASE, "HOME": _home_of(user)} if user else dict(_BASE)


# What every child gets.
_BASE: dict[str, str] = {}


def find(name: str, path: str, cwd: str) -> str:
    """The file that a command names: itself when it has a slash (a relative one counts from
    `cwd`), else the first that can be run in `path`. Raises SpawnError (ENOENT, EACCES)."""
    if "/" in name:
        return _runnable(os.path.join(cwd, name))
    known = _FOUND.get((name, path))
    if known is not None and os.access(known, os.X_OK):
        return known
    found = errno.ENOENT
    for folder in path.split(":"):
        try:
            known = _runnable(os.path.join(cwd, folder, name))
        except SpawnError as error:
            found = errno.EACCES if error.reason == "exec:EACCES" else found
        else:
            if len(_FOUND) > 256:
                _FOUND.clear()
            _FOUND[name, path] = known
            return known
    raise SpawnError("exec:" + errno.errorcode[found])


# Commands found in a PATH; looked at again before use, so that it is never wrong for long.
_FOUND: dict[tuple[str, str], str] = {}


def _runnable(file: str) -> str:
    try:
        mode = os.stat(file).st_mode
    except OSError as error:
        raise SpawnError("exec:" + code_name(error)) from None
    if not stat.S_ISREG(mode) or not os.access(file, os.X_OK):
        raise SpawnError("exec:EACCES")
    return file


def _prefix(order: Order, whom: Whom | None) -> tuple[list[str], dict[str, str]]:
    """The programs that put on limits, nice and user, each running the next, and what they are
    started with. They are pm's own choice: what a plan says of PATH has no say here."""
    argv: list[str] = []
    if order.rlimits:
        argv += [_tool("prlimit")]
        argv += ["--%s=%s" % (LIMITS[name], _limit(n)) for name, n in sorted(order.rlimits.items())]
    if order.nice:
        argv += [_tool("nice"), "-n", str(order.nice)]
    if whom is None:
        return argv, order.env
    from enve_pm.shell.process.veil import veiled

    env, back = veiled(order.env, base_env(), _tool("sh"))
    return [*argv, _tool("setpriv"), *_flags(whom), "--", *back], env


def _limit(value: int) -> str:
    return "unlimited:unlimited" if value == UNLIMITED else "%d:%d" % (value, value)


def _tool(name: str) -> str:
    try:
        return find(name, PATH + ":" + os.environ.get("PATH", ""), "/")
    except SpawnError:
        raise SpawnError("exec:%s is missing (package util-linux)" % name) from None


def whom(user: str, group: str) -> Whom | None:
    """Who runs it; None when pm already is that user and group. Raises SpawnError."""
    if not user and not group:
        return None
    import grp
    import pwd

    try:
        entry = pwd.getpwnam(user) if user else pwd.getpwuid(os.getuid())
    except KeyError:
        raise SpawnError("user:%s does not exist" % user) from None
    try:
        gid = grp.getgrnam(group).gr_gid if group else entry.pw_gid
    except KeyError:
        raise SpawnError("group:%s does not exist" % group) from None
    if (entry.pw_uid, gid) == (os.getuid(), os.getgid()):
        return None
    if os.getuid() != 0:
        raise SpawnError("user:only root's pm runs a unit as another user")
    return Whom(entry.pw_uid, gid, [] if group else os.getgrouplist(entry.pw_name, gid))


def _flags(whom: Whom) -> list[str]:
    """setpriv's options. Nothing stays of what pm could hand on to programs that take it."""
    groups = ["--groups", ",".join(map(str, whom.groups))] if whom.groups else ["--clear-groups"]
    return ["--reuid", str(whom.uid), "--regid", str(whom.gid), *groups, "--inh-caps=-all"]


def _home_of(user: str) -> str:
    import pwd

    try:
        return pwd.getpwnam(user).pw_dir
    except KeyError:
        raise SpawnError("user:%s does not exist" % user) from None


def code_name(error: OSError) -> str:
    """ENOENT, EACCES ... of an OSError."""
    return errno.errorcode.get(error.errno or 0, str(error.errno))
