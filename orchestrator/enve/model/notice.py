"""Something in a file that is allowed but most likely not meant."""

from __future__ import annotations

from dataclasses import dataclass

from enve.errors import Where


@dataclass(frozen=True, slots=True)
class Notice:
    """A warning: one line, and the place that it is about."""

    message: str
    where: Where | None = None
