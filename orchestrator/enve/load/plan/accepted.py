"""A line as the node will read it: nothing that it would refuse is signed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from enve.errors import InputError
from enve.load.unit.line import ORIGIN
from enve.load.yaml.item import Item
from enve.load.yaml.spans import in_words
from enve_pm.core.unit import UnitError, UnitSpec

_NO_KEY = "no such key"
_ONLY_CHECKED = "a resource that is only checked says `kind: resource`"


def accepted(line: dict[str, Any], table: Mapping[str, Item], key: Item, what: str) -> UnitSpec:
    """`table`: the plan's words that it was made of, which stand at `key`. Raises InputError."""
    try:
        return UnitSpec.parse(line)
    except UnitError as error:
        raise _told(error, table, key, what) from None


def _told(error: UnitError, table: Mapping[str, Item], key: Item, what: str) -> InputError:
    """In the words of the plan, and at its place there."""
    head = error.field.partition(".")[0].partition("[")[0]
    name = ORIGIN.get(head, head)
    rest = error.field.removeprefix(head)
    secret = head == "env" and rest  # values may be, names are not
    wanted, found = in_words(error.field, error.wanted, error.found)
    found = "a value that is not shown" if secret else found
    told = "" if wanted.startswith(_NO_KEY) else f", found {found}"
    message = f"{name}{rest} of {what}: wanted {wanted}{told}"
    hint = _ONLY_CHECKED if name == "run" and "check" in table else ""
    return table.get(name, key).below(rest).bad(message, hint=hint)


def veil(line: dict[str, Any], secrets: Iterable[str]) -> None:
    """Say which variables of its environment are never shown."""
    found = [
        name
        for name, value in line.get("env", {}).items()
        if any(secret in value for secret in secrets if secret)
    ]
    if found:
        line["secret_env"] = sorted(found)
