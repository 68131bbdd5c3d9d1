"""A plan's file and its head: what has to be known before anything is rendered."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from enve.load.yaml.file import read_yaml
from enve.load.yaml.item import Item

KEYS = ("plan", "inventory", "lane", "expires", "vars", "secrets", "spots")
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}")
_WORD = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class PlanFile:
    """A plan as it was read. `inventory`: paths, none when the plan does not say."""

    path: Path
    name: str
    lane: str
    inventory: tuple[Path, ...]
    table: Mapping[str, Item]


def open_plan(path: Path | str) -> PlanFile:
    """Reads the file and its head; nothing is rendered yet. Raises InputError."""
    path = Path(path)
    root = read_yaml(path)
    table = root.table("a plan", KEYS)
    if "plan" not in table:
        raise root.bad("a plan needs a name", hint="add a first line such as `plan: shop`")
    paths = table["inventory"].texts("inventory") if "inventory" in table else ()
    return PlanFile(
        path,
        _named(table["plan"], "plan", _NAME),
        _named(table["lane"], "lane", _WORD) if "lane" in table else "main",
        tuple(path.parent / Path(one).expanduser() for one in paths),
        table,
    )


def _named(item: Item, what: str, pattern: re.Pattern[str]) -> str:
    text = item.text(what)
    if not pattern.fullmatch(text):
        raise item.bad(f"{text!r} can't be the name of a {what}", hint="letters digits _ -")
    return text
