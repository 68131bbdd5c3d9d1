"""Names of products in plans, told apart by their content: `tool-1.0+k3j2h1g9`."""

from __future__ import annotations

import re
from pathlib import Path

CONTENT = re.compile(r"\+[a-z2-7]{8}\b")


def plain(text: str) -> str:
    """By their versions alone."""
    return CONTENT.sub("", text)


def beside(path: Path) -> list[Path]:
    """What is called so, with whatever content."""
    return sorted(one for one in path.parent.iterdir() if plain(one.name) == path.name)
