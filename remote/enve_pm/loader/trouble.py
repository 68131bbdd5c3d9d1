"""Why nothing could be brought."""

from __future__ import annotations


class Trouble(Exception):
    """In words, for the unit's state."""


class Nothing(Exception):
    """There is nothing new to bring, which is no trouble."""
