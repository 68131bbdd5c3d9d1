"""What helps people to read a difference, and what they must never see in one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

HIDDEN = "***"


@dataclass(frozen=True, slots=True)
class Known:
    """What helps people to read a difference; `names` and `bodies` go by sha256."""

    names: Mapping[str, str] = field(default_factory=dict)
    bodies: Mapping[str, bytes] = field(default_factory=dict)
    secrets: frozenset[str] = frozenset()  # values that are never shown, old and new ones
    secret_blobs: frozenset[str] = frozenset()
    show_diff: bool = False

    def hide(self, text: str) -> str:
        """`text` without any secret value; the longest first, so that no rest of one is left."""
        for value in sorted(filter(None, self.secrets), key=len, reverse=True):
            text = text.replace(value, HIDDEN)
        return text

    def hide_in(self, value: Any) -> Any:
        """The same for every text in a JSON value, before quoting changes what to look for."""
        if isinstance(value, str):
            return self.hide(value)
        if isinstance(value, list):
            return [self.hide_in(item) for item in value]
        if isinstance(value, dict):
            return {self.hide(name): self.hide_in(item) for name, item in value.items()}
        return value
