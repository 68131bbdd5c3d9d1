"""The group that may march and the user that verifies: of a system install only."""

from __future__ import annotations

import grp
import pwd
from shutil import which

from enve_pm.hostinit.problem import Problem, tool

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

GROUP = "pm-march"
USER = "pm-verify"
NOWHERE = "/nonexistent"

# The first of these programs that is there does it (shadow, Debian's adduser, busybox).
ADD_GROUP = (("groupadd", "--system", GROUP), ("addgroup", "-S", GROUP))
ADD_USER = (
    ("useradd", "-r", "-M", "-U", "-d", NOWHERE, "-s", "/usr/sbin/nologin", USER),
    ("adduser", "-S", "-D", "-H", "-h", NOWHERE, "-s", "/sbin/nologin", USER),
)
DROP_USER = (("userdel", USER), ("deluser", USER))
DROP_GROUP = (("groupdel", GROUP), ("delgroup", GROUP))


def ensure() -> tuple[int, list[str]]:
    """The gid of pm-march, and what had to be made."""
    made = []
    if group() < 0:
        _run(ADD_GROUP, lambda: group() >= 0)
        made.append("group " + GROUP)
    if not user():
        _run(ADD_USER, user)
        made.append("user " + USER)
    gid = group()
    if gid < 0 or not user():
        raise Problem(
            "the group %s or the user %s can't be made" % (GROUP, USER),
            "make them by hand (system group, system user without login), then deploy again",
        )
    return gid, made


def remove() -> list[str]:
    """Take user and group away, unless somebody is a member of the group; what was removed."""
    removed = []
    if user() and _tried(DROP_USER):
        removed.append("user " + USER)
    if group() >= 0 and not grp.getgrnam(GROUP).gr_mem and _tried(DROP_GROUP):
        removed.append("group " + GROUP)
    return removed


def group() -> int:
    """The gid of pm-march, -1 when there is none."""
    try:
        return grp.getgrnam(GROUP).gr_gid
    except KeyError:
        return -1


def user() -> bool:
    """Whether the user that verifies is there."""
    try:
        pwd.getpwnam(USER)
    except KeyError:
        return False
    return True


def _run(ways: tuple[tuple[str, ...], ...], there: Callable[[], bool]) -> None:
    for way in ways:
        if which(way[0]):
            status, said = tool(way)
            if status and not there():  # another install may have been quicker
                raise Problem("%s failed (%d): %s" % (" ".join(way), status, said))
            return
    raise Problem(
        "there is no %s on this node" % " and no ".join(way[0] for way in ways),
        "make the group %s and the user %s by hand" % (GROUP, USER),
    )


def _tried(ways: tuple[tuple[str, ...], ...]) -> bool:
    return any(which(way[0]) and tool(way)[0] == 0 for way in ways)
