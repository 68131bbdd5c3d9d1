"""Users of a root, as commands for its own shell: nothing out here is led astray by a link in
there."""

from __future__ import annotations

from enve_fire.core.settle.shape import NO_SHELL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Mapping

SHELL = ("/bin/sh", "-c")
# $0, $2: passwd and group; $1, $3: the rows; $4: the name, whose letters mean nothing in a pattern
_HAS = ('grep -qxF -- "$1" "$0"', 'grep -qxF -- "$3" "$2"')
_ADD = (
    '{ ! grep "^$4:" "$0" && printf "%s\\n" "$1" >> "$0"; }',
    '{ ! grep "^$4:" "$2" && printf "%s\\n" "$3" >> "$2"; }',
)
_CHECK = "%s && %s" % _HAS
_MAKE = "mkdir -p /etc && { %s || %s; } && { %s || %s; }" % (_HAS[0], _ADD[0], _HAS[1], _ADD[1])


def commands(one: Mapping[str, Any]) -> dict[str, list[str]]:
    """{"check": is he there?, "make": add him}; a user of his name with other numbers stays."""
    return {
        "check": [*SHELL, _CHECK, *_rows(one)],
        "make": [*SHELL, _MAKE, *_rows(one)],
    }


def _rows(one: Mapping[str, Any]) -> list[str]:
    uid, gid = one["uid"], one.get("gid", one["uid"])
    home, shell = one.get("home", "/"), one.get("shell", NO_SHELL)
    row = "%s:x:%d:%d::%s:%s" % (one["name"], uid, gid, home, shell)
    return ["/etc/passwd", row, "/etc/group", "%s:x:%d:" % (one["name"], gid), one["name"]]
