"""One spot of a plan as the line of a unit (contracts, section 2), key by key."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from enve.load.blueprint.ceiling import read_rlimits
from enve.load.command import argv
from enve.load.plan.content import octal
from enve.load.unit import inside
from enve.load.unit.inside import INSIDE
from enve.load.unit.loader import read_loader
from enve.load.unit.room import ROOMS
from enve.load.unit.timer import read_timer
from enve.load.unit.wellness import read_health, read_ready
from enve.load.yaml.item import Item

# Keys whose value becomes the line's value under the same name.
_TEXTS = ("cwd", "user", "group", "excl")
_INTEGERS = ("restart_max",)
_LISTS = ("needs", "wants", "after")
_DURATIONS = ("start_timeout", "stop_timeout", "check_every", "watchdog")
_COMMANDS = ("check", "make", "undo")

# Each says alone what kind a spot is of.
OWN_KIND = (*ROOMS, "timer", "loader")

KEYS = (
    *(
        "run",
        "commit",
        "kind",
        "state",
        "files",
        "push",
        "env",
        "cwd",
        "user",
        "group",
        "umask",
        "nice",
    ),
    *("rlimits", "needs", "wants", "after", "on_restart", "restart", "restart_max"),
    *(
        "stop_signal",
        "start_timeout",
        "stop_timeout",
        "ready",
        "health",
        "watchdog",
        "reload",
        "check",
        "make",
        "undo",
    ),
    *("check_every", "drift", "each", "excl", "log", "single", "vars"),
    *INSIDE,
    *OWN_KIND,
)
KINDS = ("process", "job", "resource")
# Key of a line -> key of the plan that makes it, where the names differ.
ORIGIN = {
    "command": "run",
    "stage": "commit",
    "want": "state",
    "product": "push",
    "log_size": "log",
    "log_keep": "log",
    **inside.ORIGIN,
}
IDLE = ["false"]  # the command of a spot that is only said to be stopped


def unit_line(table: dict[str, Item], name: str, what: str) -> dict[str, Any]:
    """The line without `env`, `files` and `product`. `table`: the spot's values, filled in."""
    _check_kind(table, what)
    line: dict[str, Any] = {"v": 1, "name": name}
    for key, item in table.items():
        reader = _READERS.get(key)
        if reader is not None:
            line.update(reader(item, f"{key} of {what}"))
    if "make" in line or "undo" in line:
        line.setdefault("kind", "resource")
    if line.get("kind") == "job":
        line.setdefault("restart", "never")  # what failed once is not tried again unasked
    if line.get("kind", "process") == "process" and line.get("want") == "down":
        line.setdefault("command", IDLE)
    inside.needed(line)
    return line


def _check_kind(table: dict[str, Item], what: str) -> None:
    """What a spot is follows from one key."""
    found = [key for key in table if key in OWN_KIND]
    if len(found) > 1:
        hint = "give each a spot of its own"
        message = f"{what}: a spot is of one kind, found {' and '.join(found)}"
        raise table[found[1]].bad(message, hint=hint)


def _plain(key: str, read: Callable[[Item, str], Any]) -> Callable[[Item, str], dict[str, Any]]:
    return lambda item, what: {key: read(item, what)}


def _state(item: Item, what: str) -> str:
    return "up" if item.choice(what, ("running", "stopped")) == "running" else "down"


def _names(item: Item, what: str) -> list[str]:
    return list(item.texts(what))


def _table(item: Item, what: str) -> dict[str, str]:
    return {str(key): value.text(what) for key, value in item.entries(what)}


def _log(item: Item, what: str) -> dict[str, Any]:
    table = item.table(what, ("size", "keep"))
    line = {}
    if "size" in table:
        line["log_size"] = table["size"].size(f"{what}: size")
    if "keep" in table:
        line["log_keep"] = table["keep"].integer(f"{what}: keep", 0, 1000)
    return line


def _reload(item: Item, what: str) -> dict[str, Any]:
    if item.is_table:
        return {"signal": item.table(what, ("signal",))["signal"].text(what).removeprefix("SIG")}
    return {"command": argv(item, what)}


def _signal(item: Item, what: str) -> str:
    return item.text(what).removeprefix("SIG")


_READERS: dict[str, Callable[[Item, str], dict[str, Any]]] = {
    "run": _plain("command", argv),
    "kind": _plain("kind", lambda item, what: item.choice(what, KINDS)),
    "drift": _plain("drift", lambda item, what: item.choice(what, ("heal", "report"))),
    "each": _plain("each", lambda item, what: item.choice(what, ("boot", "change"))),
    "state": _plain("want", _state),
    "umask": _plain("umask", lambda item, what: octal(item, what, "022")),
    "nice": _plain("nice", lambda item, what: item.integer(what, -20, 19)),
    "rlimits": _plain("rlimits", read_rlimits),
    "on_restart": _plain("on_restart", _table),
    "restart": _plain(
        "restart", lambda item, what: item.choice(what, ("always", "on-failure", "never"))
    ),
    "stop_signal": _plain("stop_signal", _signal),
    **INSIDE,
    **ROOMS,
    "timer": read_timer,
    "loader": read_loader,
    "ready": read_ready,
    "health": read_health,
    "reload": _plain("reload", _reload),
    "log": _log,
    "single": _plain("single", lambda item, what: item.boolean(what)),
    **{key: _plain(key, lambda item, what: item.text(what)) for key in _TEXTS},
    **{key: _plain(key, lambda item, what: item.integer(what)) for key in _INTEGERS},
    **{key: _plain(key, _names) for key in _LISTS},
    **{key: _plain(key, lambda item, what: item.duration_ms(what)) for key in _DURATIONS},
    **{key: _plain(key, argv) for key in _COMMANDS},
}
