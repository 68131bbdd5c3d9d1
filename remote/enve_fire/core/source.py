"""What was found at a url, as a text (see `core.product`). Quick paths import this: it is small."""

from __future__ import annotations

WORKED_IN = "tree:"  # and the hash of a folder


def worked_in(source: str) -> bool:
    """Whether it is a folder that somebody works in: read as it is, without what is no source."""
    return source.startswith(WORKED_IN)
