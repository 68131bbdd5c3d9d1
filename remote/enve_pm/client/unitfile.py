"""A file of units as `pm cat` shows them: JSON objects, one after the other."""

from __future__ import annotations

import json

from enve_pm.client.show import HIDDEN
from enve_pm.core.unit import UnitSpec
from enve_pm.shell.words import USAGE, Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

LARGEST = 4 << 20  # bytes


def read(path: str) -> dict[str, dict[str, Any]]:
    """{name: line}. Raises Failure (64), with what is wrong and where."""
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read(LARGEST + 1)
    except (OSError, UnicodeDecodeError) as error:
        raise Failure(USAGE, f"{path}: {getattr(error, 'strerror', '') or 'no UTF-8'}") from None
    if len(text) > LARGEST:
        raise Failure(USAGE, f"{path}: longer than {LARGEST} bytes")
    found: dict[str, dict[str, Any]] = {}
    for row, line in _objects(path, text):
        try:
            name = UnitSpec.parse(line).name
        except ValueError as error:  # an address that is none, too
            raise Failure(USAGE, f"{path}:{row}: {error}") from None
        veiled = [
            one for one in line.get("secret_env", ()) if line.get("env", {}).get(one) == HIDDEN
        ]
        if veiled:
            raise Failure(USAGE, f"{path}:{row}: env.{veiled[0]} was not shown by pm cat: say it")
        if name in found:
            raise Failure(USAGE, f"{path}:{row}: {name} stands here twice")
        found[name] = line
    return found


def _objects(path: str, text: str) -> Iterator[tuple[int, Any]]:
    """(line number, value)."""
    at, end = 0, len(text.rstrip())
    while at < end:
        at += len(text[at:]) - len(text[at:].lstrip())
        row = text.count("\n", 0, at) + 1
        try:
            value, at = json.JSONDecoder().raw_decode(text, at)
        except ValueError:
            wanted = "wanted JSON objects, as pm cat shows them"
            raise Failure(USAGE, f"{path}:{row}: {wanted}") from None
        yield row, value
