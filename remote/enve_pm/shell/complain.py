"""A line for pm's log. It is written at once and never kept: where the log's disk is full, what
Python holds back for later would end pm one day."""

from __future__ import annotations

import os

STDERR = 2


def complain(text: str) -> None:
    """Say it, if anybody can hear it."""
    try:
        os.write(STDERR, text.encode("utf-8", "backslashreplace") + b"\n")
    except OSError:
        pass
