"""Settle: the root that a product gets, as lines for pm.

    {"path": "root", "from": "none" | "tar:URL" | "snapshot:PATH" | {"debootstrap": {...}},
     "users": [{"name", "uid", "gid", "home", "shell"}],
     "mounts": [{"type": "bind", "src", "dst", "ro"} | {"type": "tmpfs", "dst", "size", "mode"}],
     "volumes": [{"path", "mode", "user", "quota", "ephemeral"}],
     "network": {"netns", "addr", "bridge" | "outer", "gateway"}, "isolate": "none|chroot|jail"}

Volumes, tree, users, mounts, network, in this order, each a unit of pm's that needs the one before:
so they are undone in reverse. They are named `PART!settle@SPOT`: whose they are follows from that.
On somebody's own machine the same lines are done one after the other (`stage.settle.settle`).
"""

from __future__ import annotations

from enve_fire.core.settle import shape, users
from enve_fire.core.settle.place import ROOT, Where, in_root, unit, volume
from enve_pm.core import address

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Mapping

    Table = Mapping[str, Any]
    Line = dict[str, Any]

EMPTY, NETWORK, SOFTWARE = "empty", "network", "software"
ALONG = SOFTWARE + "-%d"  # what it runs with
PATH = "root"
EVERY = 30_000  # ms between two looks whether it is all there
_INSIDE = ("resource", "mount")  # kinds of what stands in the root
_NAMESPACES = ["ipc", "pid", "uts"]


def is_archive(section: Table) -> bool:
    """Whether its tree is unpacked from an archive, which the line of the root names."""
    kind = shape.origin(section)[0]
    return kind in (shape.TAR, shape.DEBOOTSTRAP)


def lines(
    section: Table, spot: str, spots: str, archive: Table | None = None, data: str = ""
) -> list[Line]:
    """In the order of making. `section` is checked (`settleshape.check`); `spots`: the folder with
    the directories of units; `archive`: {"kind": "tar", "sha256", "size"} of `is_archive`; `data`:
    the folder of volumes that outlive the root, "": each lies in the directory of its unit."""
    where = Where(spot, spots, data)
    made = [
        *_volumes(section, where),
        *_tree(section, where, archive),
        *_users(section),
        *_mounts(section, where),
        *_network(section),
    ]
    before: list[str] = []
    for line in made:
        part = line.pop("part")
        line.update(v=1, name=address.format((unit(part, spot),)), check_every=EVERY)
        inner = [unit(ROOT, spot)] if line["kind"] in _INSIDE else []
        line["needs"] = sorted({*before, *inner, *line.get("needs", ())})
        if line["kind"] == "resource":
            line["root"] = unit(ROOT, spot)
        before = [unit(part, spot)]
    return made


def inside(section: Table, spot: str) -> Line:
    """Keys of the line of a process that runs in it."""
    names = [address.parse(line["name"])[-1] for line in lines(section, spot, "", _NO_ARCHIVE)]
    keys: Line = {"needs": names}
    how = section.get("isolate", shape.CHROOT)
    if how != shape.NONE:
        keys["root"] = unit(ROOT, spot)
    if how == shape.JAIL:
        keys["namespaces"] = list(_NAMESPACES)
    if "network" in section:
        keys["net"] = unit(NETWORK, spot)
    return keys


def shown(spot: str, source: str, prefix: str, part: str = SOFTWARE) -> Line:
    """The line that shows software that is installed at `source` in the root, at its prefix."""
    body = {"type": "bind", "from": source, "at": in_root(spot, prefix), "options": []}
    name = address.format((unit(part, spot),))
    needs = [unit(ROOT, spot)]
    return {"v": 1, "name": name, "kind": "mount", "mount": body, "needs": needs}


def is_shown(line: Table) -> bool:
    """Whether it is such a line."""
    return str(address.parse(line["name"])[-1]).startswith(SOFTWARE)


def at(section: Table, spot: str, spots: str) -> str:
    """Where the root stands."""
    return Where(spot, spots).path(ROOT, section.get("path", PATH))


_NO_ARCHIVE = {"kind": "tar", "sha256": "0" * 64, "size": 0}


def _volumes(section: Table, where: Where) -> list[Line]:
    return [
        _volume(volume(one["path"]), {**one, "path": where.volume(one)})
        for one in section.get("volumes", ())
    ]


def _volume(part: str, one: Line) -> Line:
    line: Line = {"part": part, "kind": "volume"}
    if one.get("user"):
        line["user"] = one["user"]
    line["volume"] = {key: one[key] for key in one if key != "user"}
    return line


def _tree(section: Table, where: Where, archive: Table | None) -> list[Line]:
    kind, path = shape.origin(section)
    line: Line = {"part": ROOT, "kind": "subroot"}
    stands = where.path(ROOT, section.get("path", PATH))
    if kind == shape.NONE:
        own = shape.own_binds(section)
        if own:
            line["subroot"] = {"type": "bind", "at": stands, "paths": own}
            return [line]
        path = where.path(EMPTY, EMPTY)
    if is_archive(section):
        line["subroot"] = {"type": "tar", "at": stands}
        line["product"] = dict(archive or {})
        return [line]
    line["subroot"] = {"type": "overlay", "at": stands, "lower": [path]}
    empty = [_volume(EMPTY, {"path": path})] if kind == shape.NONE else []
    return [*empty, line]


def _users(section: Table) -> list[Line]:
    return [
        {"part": "user-" + one["name"], "kind": "resource", **users.commands(one)}
        for one in section.get("users", ())
    ]


def _mounts(section: Table, where: Where) -> list[Line]:
    own = shape.own_binds(section) if shape.origin(section)[0] == shape.NONE else []
    rows = [one for one in section.get("mounts", ()) if one["dst"] not in own]
    volumes = {one["path"]: one for one in section.get("volumes", ())}
    return [_mount("mount-%d" % n, one, volumes, where) for n, one in enumerate(rows, 1)]


def _mount(name: str, one: Table, volumes: Mapping[str, Table], where: Where) -> Line:
    """What it shows may be a volume, by the path that this has in the section."""
    line: Line = {"part": name, "kind": "mount"}
    body = line["mount"] = {"type": one["type"], "at": in_root(where.spot, one["dst"])}
    if one["type"] == shape.BIND:
        found = volumes.get(one["src"])
        line["needs"] = [unit(volume(found["path"]), where.spot)] if found else []
        body["from"] = where.volume(found) if found else where.path("", one["src"])
    body.update({key: one[key] for key in ("size", "mode") if key in one})
    if one.get("ro"):
        body["options"] = ["ro"]
    return line


def _network(section: Table) -> list[Line]:
    found = section.get("network")
    if not found:
        return []
    return [{"part": NETWORK, "kind": "network", "network": shape.network(found)}]
