"""What units printed, shown on a terminal and elsewhere."""

from __future__ import annotations

import os
import pty
import tty
from pathlib import Path

from enve_pm.client import plain

SAID = "a\x1b[31mb\r\n\tc\u202e\x07 é\n".encode()
SAFE = "a\\e[31mb\n\tc\\u202e\\x07 é\n".encode()


def test_a_terminal_gets_safe_text_also_in_pieces() -> None:
    ours, theirs = pty.openpty()
    tty.setraw(theirs)
    with os.fdopen(theirs, "wb") as out:
        shown = plain.Output(out)
        for at in (slice(0, 17), slice(17, None)):  # within a letter of two bytes
            shown.write(SAID[at])
        read = b""
        while len(read) < len(SAFE):  # a terminal gives what it has
            read += os.read(ours, 1000)
        assert read == SAFE
    os.close(ours)


def test_a_file_gets_the_bytes(tmp_path: Path) -> None:
    with (tmp_path / "out").open("wb") as out:
        plain.Output(out).write(SAID + b"\xff")
    assert (tmp_path / "out").read_bytes() == SAID + b"\xff"
