"""stdin, stdout and stderr, also where whoever started us has closed them (`enve list >&-`)."""

from __future__ import annotations

import os
import sys


def stand() -> None:
    """Open what is closed on /dev/null, before a file of ours gets its number."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free: this one
        if getattr(sys, name) is None:
            mode = "r" if number == 0 else "w"
            setattr(sys, name, open(number, mode, closefd=False, encoding="utf-8"))  # noqa: SIM115
