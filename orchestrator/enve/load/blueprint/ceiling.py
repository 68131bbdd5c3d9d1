"""The ceiling of one spot, as a blueprint writes it."""

from __future__ import annotations

import re
from collections.abc import Mapping

from enve.core.suggest import did_you_mean
from enve.load.yaml.item import Item
from enve.model.blueprint import Ceiling
from enve_pm.core import capability
from enve_pm.core.blueprint import ALL_KINDS, KINDS, LOG, STOP, UNLIMITED
from enve_pm.core.blueprint import folder as checked_folder
from enve_pm.core.blueprint import network as checked_network
from enve_pm.core.blueprint import store as checked_store
from enve_pm.core.fieldcheck import Bad
from enve_pm.core.fields import RLIMITS
from enve_pm.core.network import link_name
from enve_pm.core.refusal import FormatError
from enve_pm.core.room import LIMITS

KEYS = (
    *("user", "groups", "writes", "reads", "rlimits", "kinds", "excl", "log", "stop_timeout"),
    *("capabilities", "root", "limits", "ports", "joins", "networks", "bridges"),
    *("no_new_privs", "read_only", "stores"),
)
_CPU = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,3})?)(%?)")
_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}\$?")


def read_ceiling(item: Item, what: str) -> Ceiling:
    """`what`: "spot 'edge'"."""
    if item.is_nothing:
        return Ceiling()
    table = item.table(what, KEYS)
    groups = table["groups"].several(f"groups of {what}") if "groups" in table else []
    writes = table["writes"].several(f"writes of {what}") if "writes" in table else []
    reads = table["reads"].several(f"reads of {what}") if "reads" in table else []
    kinds = table["kinds"].several(f"kinds of {what}") if "kinds" in table else []
    networks = table["networks"].several(f"networks of {what}") if "networks" in table else []
    bridges = table["bridges"].several(f"bridges of {what}") if "bridges" in table else []
    locks = table["excl"].several(f"excl of {what}") if "excl" in table else []
    rights = (
        capabilities(table["capabilities"], f"capabilities of {what}")
        if "capabilities" in table
        else []
    )
    ports = table["ports"].several(f"ports of {what}") if "ports" in table else []
    joins = table["joins"].texts(f"joins of {what}") if "joins" in table else ()
    stores = table["stores"].several(f"stores of {what}") if "stores" in table else []
    roots = table["root"].texts(f"root of {what}") if "root" in table else ()
    return Ceiling(
        user=read_user(table["user"], f"user of {what}") if "user" in table else "",
        groups=tuple(read_user(group, f"groups of {what}") for group in groups),
        writes=tuple(_path(path, f"writes of {what}") for path in writes),
        reads=tuple(_path(path, f"reads of {what}") for path in reads),
        rlimits=read_rlimits(table["rlimits"], f"rlimits of {what}") if "rlimits" in table else {},
        kinds=tuple(kind.choice(f"kinds of {what}", ALL_KINDS) for kind in kinds) or KINDS,
        excl=tuple(lock.text(f"excl of {what}") for lock in locks),
        log=table["log"].size(f"log of {what}") if "log" in table else LOG,
        stop_timeout=_stop(table["stop_timeout"], what) if "stop_timeout" in table else STOP,
        capabilities=tuple(rights),
        root=tuple(roots),
        joins=tuple(joins),
        no_new_privs=_imposed(table, "no_new_privs", what),
        read_only=_imposed(table, "read_only", what),
        ports=tuple(port.integer(f"ports of {what}", 1, 65535) for port in ports),
        networks=tuple(_network(one, f"networks of {what}") for one in networks),
        bridges=tuple(_bridge(one, f"bridges of {what}") for one in bridges),
        limits=read_limits(table["limits"], f"limits of {what}") if "limits" in table else {},
        stores=tuple(_store(one, f"stores of {what}") for one in stores),
    )


def read_limits(item: Item, what: str) -> dict[str, int]:
    """`cpu` as a share of one CPU (50%, 1.5), in thousandths; `memory` as a size; `pids`."""
    table = item.table(what, tuple(LIMITS))
    readers = {"cpu": _cpu, "memory": Item.size, "pids": Item.integer}
    return {name: readers[name](value, f"{what}: {name}") for name, value in table.items()}


def _cpu(item: Item, what: str) -> int:
    text = item.text(what)
    match = _CPU.fullmatch(text)
    if match is None:
        raise item.wanted("a number of CPUs (50% 0.5 2)", what)
    return round(float(match[1]) * (10 if match[2] else 1000))


def _imposed(table: Mapping[str, Item], key: str, what: str) -> bool:
    return key in table and table[key].boolean(f"{key} of {what}")


def capabilities(item: Item, what: str) -> list[str]:
    """By the names of capabilities(7), with CAP_ or without it."""
    return [_capability(one, what) for one in item.several(what)]


def _capability(item: Item, what: str) -> str:
    name = item.text(what).lower().removeprefix("cap_")
    if name not in capability.NAMES:
        hint = did_you_mean(name, capability.NAMES, "capabilities(7) lists them")
        raise item.bad(f"{what}: there is no capability {str(item)!r}", hint=hint)
    return name


def _stop(item: Item, what: str) -> int:
    return item.duration_ms(f"stop_timeout of {what}")


def read_user(item: Item, what: str) -> str:
    """The name of a user or a group on the node."""
    text = item.text(what)
    if not _USER.fullmatch(text):
        raise item.bad(f"{what}: wanted the name of a user, found {text!r}")
    if text == "nobody":
        hint = "make a user of its own: others run as nobody too"
        raise item.bad(f"{what}: nobody can't be used", hint=hint)
    return text


def read_rlimits(item: Item, what: str) -> dict[str, int]:
    """Limits as setrlimit knows them; sizes may have a unit, `unlimited` is -1."""
    table = item.table(what, RLIMITS)
    return {name: _rlimit(value, f"{what}: {name}") for name, value in table.items()}


def _rlimit(item: Item, what: str) -> int:
    return UNLIMITED if str(item) == "unlimited" else item.size(what)


def _path(item: Item, what: str) -> str:
    try:
        return checked_folder(item.text(what), what)
    except FormatError as error:
        raise item.bad(str(error)) from None


def _network(item: Item, what: str) -> str:
    try:
        return checked_network(item.text(what), what)
    except FormatError as error:
        raise item.bad(str(error)) from None


def _store(item: Item, what: str) -> str:
    try:
        return checked_store(item.text(what), what)
    except FormatError as error:
        raise item.bad(str(error), hint="such as https://builds.example.org/store") from None


def _bridge(item: Item, what: str) -> str:
    name = item.text(what)
    try:
        return str(link_name(name))
    except Bad as bad:
        raise item.bad(f"{what}: wanted {bad.args[0]}, found {name!r}") from None
