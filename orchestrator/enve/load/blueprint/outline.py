"""What a blueprint writes for one pattern of nodes: spots, nested pms and limits, with places.

Several patterns can fit one node: their outlines are joined, and nothing may stand in two.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from enve.errors import InputError
from enve.load.blueprint import walls
from enve.load.blueprint.ceiling import read_ceiling, read_user
from enve.load.yaml.item import Item
from enve.model.blueprint import Ceiling
from enve_pm.core import address

KEYS = ("spots", "pms", "limits")
PM_KEYS = ("mode", "user", "needs", "spots", "pms", *walls.KEYS)
LIMITS = ("inbox", "generations")
_LATER = ("memory", "cpu", "tasks", "io")


@dataclass(slots=True)
class Outline:
    """The spots of one pm, and the pms nested in it."""

    spots: dict[str, tuple[Ceiling, Item]] = field(default_factory=dict)
    pms: dict[str, PmOutline] = field(default_factory=dict)
    limits: dict[str, tuple[int, Item]] = field(default_factory=dict)


@dataclass(slots=True)
class PmOutline:
    """A nested pm. `key`: its name in the file; `table`: where its mode and user stand."""

    key: Item
    mode: str
    user: str
    table: Mapping[str, Item]
    inner: Outline
    walls: Mapping[str, Any] = field(default_factory=dict)
    needs: tuple[str, ...] = ()

    def at(self, key: str) -> Item:
        return self.table.get(key, self.key)


def read_outline(item: Item, what: str) -> Outline:
    """The table of one pattern."""
    if item.is_nothing:
        return Outline()
    table = item.table(what, KEYS)
    outline = _inside(table, what)
    outline.limits = read_limits(table.get("limits"), f"limits of {what}")
    return outline


def read_limits(item: Item | None, what: str) -> dict[str, tuple[int, Item]]:
    if item is None or item.is_nothing:
        return {}
    for key, _ in item.entries(what):
        if str(key) in _LATER:
            raise key.bad(
                f"{what}: {str(key)!r} has to wait: cgroup limits come in a later version"
            )
    table = item.table(what, LIMITS)
    limits = {}
    for name, value in table.items():
        number = value.size(what) if name == "inbox" else value.integer(f"{what}: {name}", 1, 64)
        limits[name] = (number, value)
    return limits


def _inside(table: Mapping[str, Item], what: str) -> Outline:
    outline = Outline()
    for key, item in _entries(table.get("spots"), f"spots of {what}"):
        name = _name(key, "a spot")
        outline.spots[name] = (read_ceiling(item, f"spot {name!r}"), key)
    for key, item in _entries(table.get("pms"), f"pms of {what}"):
        name = _name(key, "a pm")
        if name in outline.spots:
            raise key.bad(f"{name!r} is a spot and a pm", hint="give one of them another name")
        outline.pms[name] = _pm(key, item, f"pm {name!r}")
    return outline


def _entries(item: Item | None, what: str) -> list[tuple[Item, Item]]:
    return [] if item is None or item.is_nothing else item.entries(what)


def _pm(key: Item, item: Item, what: str) -> PmOutline:
    table = {} if item.is_nothing else item.table(what, PM_KEYS)
    mode = table["mode"].choice(f"mode of {what}", ("root", "user")) if "mode" in table else "user"
    user = read_user(table["user"], f"user of {what}") if "user" in table else ""
    around = walls.read_walls(table, mode, what)
    needs = table["needs"].texts(f"needs of {what}") if "needs" in table else ()
    return PmOutline(key, mode, user, table, _inside(table, what), around, tuple(needs))


def _name(key: Item, what: str) -> str:
    text = str(key)
    if text.startswith("[") and text.endswith("]"):
        text = text[1:-1]
    try:
        return address.check_name(text)
    except address.AddressError as error:
        raise key.bad(f"{str(key)!r} can't be the name of {what}: {error}") from None


def join(outlines: list[Outline], node: str) -> Outline:
    """Everything that is laid out for one node. Raises InputError for what stands in two."""
    joined = Outline()
    for outline in outlines:
        _add(joined, outline, node)
        for name, (value, item) in outline.limits.items():
            if name in joined.limits and joined.limits[name][0] != value:
                raise _twice(item, joined.limits[name][1], f"limit {name!r}", node)
            joined.limits[name] = (value, item)
    return joined


def _add(joined: Outline, outline: Outline, node: str) -> None:
    for name, (ceiling, key) in outline.spots.items():
        if name in joined.spots:
            raise _twice(key, joined.spots[name][1], f"spot {name!r}", node)
        joined.spots[name] = (ceiling, key)
    for name, pm in outline.pms.items():
        _add_pm(joined, name, pm, node)
    for name in joined.spots:
        if name in joined.pms:
            raise joined.pms[name].key.bad(f"{name!r} is a spot and a pm of {node}")


def _add_pm(joined: Outline, name: str, pm: PmOutline, node: str) -> None:
    first = joined.pms.get(name)
    if first is None:
        first = joined.pms[name] = replace(pm, inner=Outline())
    elif _itself(first) != _itself(pm):
        raise _twice(pm.key, first.key, f"pm {name!r}", node)
    _add(first.inner, pm.inner, node)


def _itself(pm: PmOutline) -> tuple[Any, ...]:
    return pm.mode, pm.user, pm.walls, pm.needs


def _twice(item: Item, first: Item, what: str, node: str) -> InputError:
    return item.bad(
        f"{what} of {node} is laid out twice",
        notes=(f"first at {first.where}",),
        hint="a node may fit several patterns, but what they lay out must differ",
    )
