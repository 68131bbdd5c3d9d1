"""Whom an install serves."""

from __future__ import annotations

import os


def is_system(home: str, pipe: str) -> bool:
    """An install by root whose fifo lies outside HOME serves a whole machine, with users of its
    own; every other one serves its login alone, also root's (see contracts, section 1)."""
    return os.geteuid() == 0 and not (pipe + "/").startswith(home + "/")
