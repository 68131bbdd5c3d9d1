"""stdin, stdout and stderr, also where whoever started us has closed them (`enve list >&-`), or
where they cannot show every sign."""

from __future__ import annotations

import io
import os
import sys


def stand() -> None:
    """Open what is closed on /dev/null, before a file of ours gets its number. What a locale cannot
    say is spelled out: a sign that one node prints must not end the listing of all."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free: this one
        if getattr(sys, name) is None:
            mode = "r" if number == 0 else "w"
            setattr(sys, name, open(number, mode, closefd=False, encoding="utf-8"))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
