"""Whether to colour, and the few styles there are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO

_CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}

STATE_STYLE = {
    "RUNNING": "green",
    "STOPPED": "dim",
    "FAIL": "red",
    "STARTING_FAIL": "red",
    "SCHE_START": "yellow",
    "STARTING": "yellow",
    "SCHE_STOP": "yellow",
    "STOPPING": "yellow",
}
SYMBOL_STYLE = {"+": "green", "-": "red", "~": "yellow", "-/+": "yellow", ">": "green", "<": "red"}


def wanted(when: str, stream: IO[str], env: Mapping[str, str]) -> bool:
    """Colour on this stream? --color, then NO_COLOR, then FORCE_COLOR, then: is it a terminal."""
    if when != "auto":
        return when == "always"
    if env.get("NO_COLOR"):
        return False
    if env.get("FORCE_COLOR", "0") not in ("", "0"):
        return True
    return is_terminal(stream) and env.get("TERM", "") != "dumb"


def is_terminal(stream: IO[str]) -> bool:
    """A terminal; a closed stream is none."""
    try:
        return stream.isatty()
    except ValueError:
        return False


class Paint:
    """Puts styles around text, or leaves it alone."""

    def __init__(self, on: bool) -> None:
        self.on = on

    def __call__(self, style: str, text: str) -> str:
        if not (self.on and style and text):
            return text
        return f"\x1b[{_CODES[style]}m{text}\x1b[0m"
