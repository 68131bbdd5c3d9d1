"""Variables from the command line: `-e name=value`, or `-e @FILE` with a table of them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from enve.errors import UsageError
from enve.load.variables import RESERVED, read_variables
from enve.load.yamlfile import read_yaml

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")


def read_extra(given: Iterable[str]) -> dict[str, Any]:
    """All of them; the last one wins. A value on the command line is always text."""
    found: dict[str, Any] = {}
    for text in given:
        if text.startswith("@"):
            found.update(read_variables(read_yaml(Path(text[1:]).expanduser()), "variables"))
            continue
        key, equals, value = text.partition("=")
        if not equals:
            raise UsageError(f"-e {text}: wanted NAME=VALUE or @FILE")
        found[_checked(key)] = value
    return found


def _checked(key: str) -> str:
    if not NAME.fullmatch(key) or key in RESERVED:
        raise UsageError(
            f"-e {key}=...: that can't be a variable's name",
            notes=(f"names that templates know already: {' '.join(RESERVED)}",),
            hint="letters, digits and _, a letter first",
        )
    return key
