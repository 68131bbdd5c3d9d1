"""Why nothing could be brought."""

from __future__ import annotations

SHOWN = 300  # characters


class Trouble(Exception):
    """In words, for the unit's state."""


class Nothing(Exception):
    """There is nothing new to bring, which is no trouble."""


def shown(text: object) -> str:
    """One line that a terminal may show, of bounded length."""
    line = " ".join(str(text).split())
    return "".join(sign if sign.isprintable() else "?" for sign in line)[:SHOWN]
