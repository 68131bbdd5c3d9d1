"""A moment as people write it in files (`enve.load.yaml.moment` reads it)."""

from __future__ import annotations

from datetime import UTC, datetime


def written(seconds: int) -> str:
    """Unix seconds as `2027-06-01` (00:00 UTC of that day) or `2027-06-01T12:30:00Z`."""
    text = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return text.removesuffix("T00:00:00Z")
