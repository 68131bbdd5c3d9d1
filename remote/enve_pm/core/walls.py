"""The walls of a sub-pm, which the blueprint lays out: keys of its table there, and of its line.

root      a subroot of the pm above, which it enters (chroot); it stands in needs
jail      true: mounts, pids, ipc and uts are its own
net       of a jail: a network of the pm above, or `none` for one with nothing but lo
hostname  of a jail
users     of a jail with root's rights: its user 0 is this one outside, the next one follows, and so
          on. So its root is nobody outside.
"""

from __future__ import annotations

from enve_pm.core import nesting
from enve_pm.core.inside import NONE, USERS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

KEYS = ("root", "jail", "net", "hostname", "users")
OF_JAILS = ("net", "hostname", "users")
FIRST, LAST = 65536, (1 << 32) - 2 * 65536  # where the users of a jail may begin
JAIL = ("ipc", "mount", "pid", "uts")  # the namespaces of one
CHROOT = ("mount",)  # what it mounts ends with it


def of(line: Mapping[str, Any]) -> dict[str, Any]:
    """Those that a line, or a table of a blueprint, names."""
    return {key: line[key] for key in KEYS if key in line}


def kind(mode: str, walls: Mapping[str, Any]) -> str:
    """Of which kind the pm is, see `nesting`."""
    return nesting.kind(mode, walls.get("root", ""), "jail" in walls)


def sees(mode: str, walls: Mapping[str, Any]) -> bool:
    """Whether what it sees may be shown to others. Who is not root, or only in there, could mount
    there what he may not read himself, for others to read it for him."""
    return mode == "root" and "users" not in walls


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
        if "users" in walls:
            return "users", "no such key, as mode is user", walls["users"]
        if walls.get("net", NONE) != NONE:
            return "net", "none, as mode is user", walls["net"]
    return None


def users_flaw(pm: Any, taken: list[int]) -> str:
    """What is wrong with the users of a jail of its own; empty when it has none, or these are good:
    then they are added to those `taken`. `pm`: with walls, spots and pms, as in a blueprint."""
    first = pm.walls.get("users")
    if first is None:
        return ""
    if any(abs(first - other) < USERS for other in taken):
        return "another jail has some of these already"
    taken.append(first)
    for inner in (pm, *_below(pm)):
        if inner is not pm and "users" in inner.walls:
            return "a jail in it has users of its own too, which it cannot have to give"
        for name, spot in inner.spots.items():
            if "subroot" in spot.kinds:
                return "spot %s in it can be no subroot: the kernel lets it lay none" % name
    return ""


def _below(pm: Any) -> Iterator[Any]:
    for inner in pm.pms.values():
        yield inner
        yield from _below(inner)
