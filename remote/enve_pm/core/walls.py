"""The walls of a sub-pm, which the blueprint lays out: keys of its table there, and of its line.

root      a subroot of the pm above, which it enters (chroot); it stands in needs
jail      true: mounts, pids, ipc and uts are its own
net       of a jail: a network of the pm above, or `none` for one with nothing but lo
hostname  of a jail
"""

from __future__ import annotations

from enve_pm.core import nesting
from enve_pm.core.inside import NONE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

KEYS = ("root", "jail", "net", "hostname")
OF_JAILS = ("net", "hostname")
JAIL = ("ipc", "mount", "pid", "uts")  # the namespaces of one
CHROOT = ("mount",)  # what it mounts ends with it


def of(line: Mapping[str, Any]) -> dict[str, Any]:
    """Those that a line, or a table of a blueprint, names."""
    return {key: line[key] for key in KEYS if key in line}


def kind(mode: str, walls: Mapping[str, Any]) -> str:
    """Of which kind the pm is, see `nesting`."""
    return nesting.kind(mode, walls.get("root", ""), "jail" in walls)


def needs(walls: Mapping[str, Any]) -> list[str]:
    """The units of the pm above that they stand on."""
    named = (walls.get("root", NONE), walls.get("net", NONE))
    return sorted({name for name in named if name != NONE})


def flaw(mode: str, walls: Mapping[str, Any]) -> tuple[str, str, object] | None:
    """What does not go together in them: (key, wanted, found)."""
    for key in OF_JAILS:
        if key in walls and "jail" not in walls:
            return key, "no such key, as it is no jail", walls[key]
    if mode == "user" and "jail" in walls:
        if "root" in walls:
            return "root", "no such key in a jail of mode user", walls["root"]
        if walls.get("net", NONE) != NONE:
            return "net", "none, as mode is user", walls["net"]
    return None
