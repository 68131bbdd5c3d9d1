"""How the text of a flag or a variable, or the TOML of a file, becomes the value of a setting.

Each raises ValueError with what was wanted.
"""

from __future__ import annotations

import os
from typing import Any


def text(value: Any) -> str:
    if isinstance(value, str):
        return value
    raise ValueError("wanted a text")


def count(value: Any) -> int:
    number = int(value) if isinstance(value, str) and value.isascii() and value.isdigit() else value
    if isinstance(number, int) and not isinstance(number, bool) and 0 < number <= 100_000:
        return number
    raise ValueError("wanted a whole number from 1 to 100000")


def amount(value: Any) -> int:
    """Like a count, but 0 and -1 (the default of whoever uses it) are allowed."""
    if value in (0, -1, "0", "-1") and not isinstance(value, bool):
        return int(value)
    return count(value)


def seconds(value: Any) -> float:
    try:
        number = float(value) if not isinstance(value, bool) else 0.0
    except (TypeError, ValueError):
        number = 0.0
    if 0 < number <= 7 * 86_400:
        return number
    raise ValueError("wanted a number of seconds above 0")


def flag(value: Any) -> bool:
    words = {"1": True, "true": True, "yes": True, "on": True}
    words |= {"0": False, "false": False, "no": False, "off": False, "": False}
    found = words.get(value.lower()) if isinstance(value, str) else value
    if isinstance(found, bool):
        return found
    raise ValueError("wanted true or false")


def paths(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return tuple(part for part in value.split(os.pathsep) if part)
    if isinstance(value, (list, tuple)) and all(isinstance(part, str) for part in value):
        return tuple(value)
    raise ValueError("wanted a path or a list of paths")
