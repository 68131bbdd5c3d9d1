"""What helps people to read a difference, and what they must never see in one."""

from __future__ import annotations

import re
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
        """`text` without any secret value, and without a rest of one that another overlaps."""
        values = sorted(filter(None, self.secrets), key=len, reverse=True)
        if not values:
            return text
        shown, end = [], 0
        for found in re.finditer(f"(?=({'|'.join(map(re.escape, values))}))", text):
            start, stop = found.span(1)
            if start >= end:
                shown += [text[end:start], HIDDEN]
            end = max(end, stop)
        return "".join([*shown, text[end:]])

    def hide_in(self, value: Any) -> Any:
        """The same for every text in a JSON value, before quoting changes what to look for."""
        if isinstance(value, str):
            return self.hide(value)
        if isinstance(value, list):
            return [self.hide_in(item) for item in value]
        if isinstance(value, dict):
            return {self.hide(name): self.hide_in(item) for name, item in value.items()}
        return value
