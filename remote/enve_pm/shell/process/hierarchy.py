"""Where groups of processes with limits can be made: in the one hierarchy of cgroup v2 where that
has the controller, else in v1's of that controller.

Those of a HOME lie in a folder named after it (see `cgroup`), so a later pm of the same HOME finds
what an earlier one left.
"""

from __future__ import annotations

import os

from enve_pm.core.lean import namedtuple
from enve_pm.shell.events.light import signal
from enve_pm.shell.process import cgroup, mountinfo
from enve_pm.shell.process.cgroup import CONTROLLERS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from enve_pm.shell.process.mountinfo import Mount

V1, V2 = "cgroup", "cgroup2"
REMEDY = "limits want root's pm, or cgroups of v2 that the host delegates to pm"
REST = "/main"  # in v2: our processes that have no group of their own, as only leaves hold any

# kind: of the file system · folder: of the groups of this HOME
Place = namedtuple("Place", "kind folder")


class NoGroups(Exception):
    """Why there can be no group with that controller."""


def find(home: str, controller: str) -> Place:
    """Where groups with this controller are made. Raises NoGroups, OSError."""
    for folder in _folders(home, V2, ""):
        if controller in _words(os.path.dirname(folder) + "/cgroup.controllers"):
            _hand_on(folder, controller)
            return Place(V2, folder)
    for folder in _folders(home, V1, controller):
        _make(folder)
        return Place(V1, folder)
    raise NoGroups("this host has no cgroup controller %s" % controller)


def sweep(home: str) -> None:
    """What stands of this HOME in hierarchies of v1 goes, with all that is in it (in v2 that is the
    watchdog's node)."""
    for name in CONTROLLERS:
        for folder in _folders(home, V1, name):
            clear(folder)


def clear(folder: str) -> bool:
    """Kill what is in a group, and in those in it, and take them away; whether they are gone."""
    cgroup.kill(folder)  # v2: all at once, however they fork, and nobody by his number
    for path, _, _ in os.walk(folder, topdown=False):
        for pid in map(int, _words(path + "/cgroup.procs")):
            try:
                if pid > 1:  # 0: one that our pid namespace does not show
                    os.kill(pid, signal.SIGKILL)
            except OSError:
                continue  # it is gone, or not ours to kill: who set its user id
        try:
            os.rmdir(path)
        except OSError:
            return not os.path.isdir(folder)
    return not os.path.isdir(folder)


def _folders(home: str, kind: str, controller: str) -> list[str]:
    """At most one: where we ourselves are in the hierarchy of that controller."""
    group = _own_groups().get(controller)
    fit = [
        m for m in mountinfo.read() if m.kind == kind and (not controller or controller in m.more)
    ]
    if group is None or not fit:
        return []
    name = cgroup.name("", home)  # after a move we stand in it
    above, inside, _ = (_here(fit[0], group) + "/").partition(name + "/")
    return [cgroup.name(above if inside else above.rstrip("/"), home)]


def _own_groups() -> dict[str, str]:
    """{controller, "" for v2: the group that we are in}"""
    found = {}
    with open("/proc/self/cgroup", encoding="utf-8", errors="surrogateescape") as file:
        for line in file:
            number, names, path = line.rstrip("\n").split(":", 2)
            for name in names.split(",") if number != "0" else ("",):
                found[name] = path
    return found


def _here(mount: Mount, group: str) -> str:
    """The folder of a group; a container may see a part of the hierarchy only."""
    root = mount.root.rstrip("/")
    if root and (group + "/").startswith(root + "/"):
        group = group[len(root) :]
    return str(mount.at + group).rstrip("/")


def _words(path: str) -> list[str]:
    try:
        with open(path, encoding="ascii") as file:
            return file.read().split()
    except OSError:
        return []


def _make(folder: str) -> None:
    try:
        os.makedirs(folder, 0o755, exist_ok=True)
    except OSError as error:
        raise NoGroups("%s: %s; %s" % (folder, error.strerror, REMEDY)) from None


# -- v2: a group that hands controllers on holds no process itself ---------------------------------
def _hand_on(folder: str, controller: str) -> None:
    base = os.path.dirname(folder)
    if not cgroup.ours(base):
        raise NoGroups("%s is not delegated to pm; %s" % (base, REMEDY))
    _make(folder)
    _enable(base, controller, [str(os.getppid())], folder + cgroup.AROUND)
    _enable(folder, controller, _words(folder + "/cgroup.procs"), folder + REST)


def _enable(folder: str, controller: str, pids: list[str], leaf: str) -> None:
    """Those of these that stand in the folder move into the leaf: before, as the kernel would take
    some controllers in spite of them, and then no other one."""
    control = folder + "/cgroup.subtree_control"
    if controller in _words(control):
        return
    try:
        if os.path.exists(folder + "/cgroup.type"):  # else it is the root, which may hold any
            _move(folder, pids, leaf)
            if _words(folder + "/cgroup.procs"):
                raise NoGroups("%s holds processes that are not pm's" % folder)
        cgroup.write(control, "+" + controller)
    except OSError as error:
        raise NoGroups("%s cannot hand %s on: %s" % (folder, controller, error.strerror)) from None


def _move(folder: str, pids: list[str], leaf: str) -> None:
    os.makedirs(leaf, 0o755, exist_ok=True)
    for pid in set(pids).intersection(_words(folder + "/cgroup.procs")):
        cgroup.write(leaf + "/cgroup.procs", pid)
