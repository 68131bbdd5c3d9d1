"""What helps people to read a difference, and what they must never see in one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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
        shown, end = [], 0
        for start, stop in sorted(self._met(text)):
            if start >= end:
                shown += [text[end:start], HIDDEN]
            end = max(end, stop)
        return "".join([*shown, text[end:]])

    def _met(self, text: str) -> Iterator[tuple[int, int]]:
        """Where secret values begin and end in it: one search for each is the quickest."""
        for value in filter(None, self.secrets):
            at = text.find(value)
            while at >= 0:
                yield at, at + len(value)
                at = text.find(value, at + 1)

    def hide_in(self, value: Any) -> Any:
        """The same for every text in a JSON value, before quoting changes what to look for."""
        if isinstance(value, str):
            return self.hide(value)
        if isinstance(value, list):
            return [self.hide_in(item) for item in value]
        if isinstance(value, dict):
            return {self.hide(name): self.hide_in(item) for name, item in value.items()}
        return value
