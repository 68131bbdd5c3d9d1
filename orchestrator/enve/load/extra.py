"""Variables from the command line: `-e name=value`, or `-e @FILE` with a table of them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from enve.core.suggest import did_you_mean
from enve.errors import UsageError
from enve.load.template.template import ANYTHING
from enve.load.variables import RESERVED, read_variables
from enve.load.yaml.file import read_yaml

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


def unused(given: Iterable[str], asks: frozenset[str]) -> list[str]:
    """A sentence for each NAME=VALUE that no template looks at: it is most likely a slip. (A @FILE
    may serve many plans.) `asks`: see RenderedPlan."""
    if ANYTHING in asks:
        return []
    names = [text.partition("=")[0] for text in given if not text.startswith("@")]
    known = [name for name in asks if NAME.fullmatch(name)]
    return [
        f"-e {name}=...: nothing in this plan uses '{name}'{_near(name, known)}"
        for name in dict.fromkeys(names)
        if name not in asks
    ]


def _near(name: str, known: Iterable[str]) -> str:
    near = did_you_mean(name, known)
    return f"; {near}" if near else ""


def _checked(key: str) -> str:
    if not NAME.fullmatch(key) or key in RESERVED:
        raise UsageError(
            f"-e {key}=...: that can't be a variable's name",
            notes=(f"names that templates know already: {' '.join(RESERVED)}",),
            hint="letters, digits and _, a letter first",
        )
    return key
