"""The steps of the way in, in their order; one that is not asked for does nothing.

limits             the groups of the unit
oom_score_adj      while /proc is the machine's
join               the room of the unit's process, for what runs beside it
network            that of a unit
namespaces         new ones; for another than root in a user namespace of his own
home               of a sub-pm: what it sees of the HOME around it
root               from here on every path is what the unit sees
private_tmp        and /proc of a pid namespace
users              a user namespace of its own, with the other namespaces in it
terminal           leads the session that it is in by now
hidden, read_only, hostname
rlimits, nice
capabilities       what no program ever gets
user               with groups, what is left of capabilities, no_new_privs: the end of other rights
cwd, exec          with the unit's own
"""

from __future__ import annotations

import codecs
import errno
import os
import resource
import sys

from enve_pm.core.inside import NONE, VIEWS
from enve_pm.enter import kernel, own, rights, spaces, view
from enve_pm.maker import trusted
from enve_pm.shell.events.light import signal
from enve_pm.shell.process.spawn import SpawnError, code_name, find

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, NoReturn

    from enve_pm.enter.order import Orders

PYTHON = "%s: a pm runs on Python, which has to be in its root, and its user's to run: %s"
ONLY_ROOT = "only root's pm can do that"


class Stop(Exception):
    """A step cannot be done; the text is the unit's result."""


class Passage:
    """`fork`: called where a pid namespace begins; it returns in the process that goes on."""

    def __init__(self, orders: Orders, fork: Callable[[], None]) -> None:
        self._orders = orders
        self._room = orders.room
        self._fork = fork
        self._root = os.geteuid() == 0
        self._strange = False
        self._new = spaces.flags(orders.room)
        # What is mounted around users of its own, /proc too, is made before these: so it is locked.
        self._early = self._new & spaces.AROUND if "users" in orders.room else self._new
        self._tty: Any = None
        if orders.room.get("terminal"):
            from enve_pm.enter import tty  # hardly any has one

            self._tty = tty
        self._view = view.View(orders.room["spot"], self._root)

    def go(self) -> NoReturn:
        """Raises Stop."""
        _complete()
        for word, step in STEPS:
            try:
                step(self)
            except OSError as error:
                raise Stop("enter:%s: %s" % (word, _told(error))) from None
        self._execute()

    # -- while the machine is around ---------------------------------------------------------------
    def _groups(self) -> None:
        for folder in self._room.get("groups", ()):
            with open(folder + "/cgroup.procs", "w", encoding="ascii") as file:
                file.write("0")

    def _oom_score_adj(self) -> None:
        if "oom_score_adj" in self._room:
            with open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:
                file.write(str(self._room["oom_score_adj"]))

    def _join(self) -> None:
        """The room of a process, to act beside it."""
        if "join" in self._room:
            pid, start = self._room["join"]
            inside = bool(self._room.get("inside"))
            users = bool(self._room.get("join_users"))
            self._strange = spaces.join(pid, start, inside, users)
            if inside:
                self._fork()

    def _join_network(self) -> None:
        path = self._room.get("network", NONE)
        if path != NONE:
            self._only_root()
            handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            kernel.join(handle, kernel.NEWNET)
            os.close(handle)

    def _namespaces(self) -> None:
        if not self._early:
            return
        try:
            spaces.unshare(self._early, own_user=not self._root)
            self._settle(self._early)
        except OSError as error:
            raise (error if self._root else spaces.explained(error)) from None

    def _settle(self, new: int) -> None:
        """In new namespaces."""
        if new & kernel.NEWPID:
            self._fork()
        if new & kernel.NEWNET:
            spaces.raise_lo()
        if new & kernel.NEWNS:
            # A pm that enters a root sees what comes into that one later; nothing else is left.
            (view.follow if {"home", "root"} <= self._room.keys() else view.private)()

    # -- what it sees ------------------------------------------------------------------------------
    def _home(self) -> None:
        if "home" in self._room:
            own.lay(self._room["home"], self._room["shown"], self._room.get("root", ""))

    def _enter_root(self) -> None:
        path = self._room.get("root", "")
        if not path:
            return
        self._only_root()
        handle = trusted.open_path(path)
        if not (self._new & kernel.NEWNS and kernel.pivot(handle)):
            os.fchdir(handle)
            os.chroot(".")
        os.close(handle)
        os.chdir("/")

    def _users(self) -> None:
        """From here on nothing that was laid around it can be taken away by its own root."""
        if "users" in self._room:
            new = self._new & ~kernel.NEWPID
            spaces.unshare_users(new, self._room["users"])
            self._settle(new)

    def _terminal(self) -> None:
        if self._tty is not None:
            whom = self._orders.whom
            self._tty.control(whom[0] if self._root and whom else -1)

    def _private_tmp(self) -> None:
        if self._new & kernel.NEWPID:
            self._view.own_processes()
        if self._room.get("private_tmp"):
            self._view.private_tmp()

    def _hide(self) -> None:
        self._view.hide(self._room.get("hidden", ()))

    def _read_only(self) -> None:
        asked = self._room.get("read_only", ())
        if asked is True:
            self._view.protect_all(self._room.get("writable", ()))
        else:
            self._view.protect(asked)

    def _hostname(self) -> None:
        if "hostname" in self._room:
            kernel.set_hostname(self._room["hostname"])

    # -- what it may -------------------------------------------------------------------------------
    def _rlimits(self) -> None:
        for name, most in sorted(self._orders.rlimits.items()):
            try:
                resource.setrlimit(getattr(resource, "RLIMIT_" + name.upper()), (most, most))
            except (ValueError, OverflowError):  # above the hard limit, or of what the kernel knows
                raise OSError(errno.EPERM, os.strerror(errno.EPERM), name) from None

    def _nice(self) -> None:
        if self._orders.nice:
            os.setpriority(os.PRIO_PROCESS, 0, self._orders.nice)

    def _bound(self) -> None:
        keep = self._keep()
        if keep is not None:
            rights.bound(keep)
            rights.keep_over_change()

    def _become(self) -> None:
        keep = self._keep()
        if self._orders.whom is not None:
            rights.become(*self._orders.whom)
            if keep is None and os.geteuid():
                rights.hold_none()
        if keep is not None:
            rights.hold(keep)
        if self._closed():
            rights.no_new()

    def _keep(self) -> int | None:
        """The capabilities that it shall have, as bits; None: nothing is done about them."""
        asked: Sequence[str] | None = self._room.get("capabilities")
        if asked and not self._root:
            self._only_root()
        if not self._root:
            return 0 if self._new else None  # of its own user namespace, where it has them all
        return None if asked is None else rights.mask(asked)

    def _closed(self) -> bool:
        """Whether no program gives it more rights. Who sees what he has chosen to see gets none."""
        chose = self._strange or self._room.get("closed", False)
        sees = chose or not VIEWS.isdisjoint(self._room)
        if sees and os.geteuid():
            return True
        nothing = not self._root and "capabilities" in self._room
        return bool(self._room.get("no_new_privs")) or nothing

    def _only_root(self) -> None:
        if not self._root:
            raise OSError(errno.EPERM, ONLY_ROOT)

    # -- the end of it -----------------------------------------------------------------------------
    def _execute(self) -> NoReturn:
        orders = self._orders
        try:
            os.chdir(orders.cwd)
        except OSError as error:
            raise Stop("cwd:" + code_name(error)) from None
        os.umask(orders.umask)
        for number in (signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores these
            signal.signal(number, signal.SIG_DFL)
        env = dict(orders.env)
        if self._room.get("sockets"):
            env["LISTEN_PID"] = str(os.getpid())
        if "WATCHDOG_USEC" in env:
            env["WATCHDOG_PID"] = str(os.getpid())
        try:
            file = find(orders.argv[0], orders.env.get("PATH", ""), orders.cwd)
            os.execve(file, list(orders.argv), env)
        except SpawnError as error:
            if "home" in self._room:  # a sub-pm: what is missing is its interpreter
                raise Stop(PYTHON % (error.reason, orders.argv[0])) from None
            raise Stop(error.reason) from None
        except OSError as error:
            raise Stop("exec:" + code_name(error)) from None
        except ValueError:
            raise Stop("exec:EINVAL") from None


def _told(error: OSError) -> str:
    """What is known by a descriptor only is named by where it stands."""
    path = error.filename
    if isinstance(path, str) and path.startswith("/proc/self/fd/"):
        try:
            path = os.readlink(path)
        except OSError:
            path = None
    return "%s: %s" % (path, error.strerror) if isinstance(path, str) else str(error.strerror)


def _complete() -> None:
    """All code is here: none is ever read from what we enter."""
    for name in ("ascii", "utf-8", "latin-1"):
        codecs.lookup(name)
    sys.path[:] = []
    sys.meta_path[:] = []


STEPS: tuple[tuple[str, Callable[[Passage], None]], ...] = (
    ("limits", Passage._groups),
    ("oom_score_adj", Passage._oom_score_adj),
    ("join", Passage._join),
    ("network", Passage._join_network),
    ("namespaces", Passage._namespaces),
    ("home", Passage._home),
    ("root", Passage._enter_root),
    ("private_tmp", Passage._private_tmp),
    ("users", Passage._users),
    ("terminal", Passage._terminal),
    ("hidden", Passage._hide),
    ("read_only", Passage._read_only),
    ("hostname", Passage._hostname),
    ("rlimits", Passage._rlimits),
    ("nice", Passage._nice),
    ("capabilities", Passage._bound),
    ("user", Passage._become),
)
