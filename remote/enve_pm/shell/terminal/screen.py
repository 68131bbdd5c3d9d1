"""What a terminal has shown lately, for who joins it later.

No terminal is imitated: the bytes themselves are kept, as many as a screen may need. What asks the
terminal for an answer is left out when they are shown again, as nobody waits for that any more.
"""

from __future__ import annotations

import re

KEPT = 32768  # bytes
OTHER, BACK = b"\x1b[?1049h", b"\x1b[?1049l"  # the second screen of programs that fill one
CLEARED = (b"\x1b[2J", b"\x1b[H\x1b[J", b"\x1bc")
QUESTIONS = re.compile(
    rb"\x1b\[[?>=]?[0-9;]*(?:[cnxt]|\$p)"  # what are you, where is the cursor, how large
    rb"|\x1b\[(?:>[0-9;]*q|\?u|\?[0-9;]*S)"
    rb"|\x1bZ|\x05"
    rb"|\x1b[P\]X^_][^\x07\x1b]*(?:\x07|\x1b\\|$)"  # strings for the terminal itself
)


class Screen:
    """One terminal's."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._other = False

    def add(self, data: bytes) -> None:
        if OTHER in data or BACK in data:
            self._other = data.rfind(OTHER) > data.rfind(BACK)
        self._data += data
        if len(self._data) > 2 * KEPT:
            del self._data[:-KEPT]

    def shown(self, rows: int) -> bytes:
        """About what stands on a screen of so many rows."""
        data = bytes(self._data[-KEPT:])
        begin = max([0, *(data.rfind(word) for word in CLEARED)])
        begin = max(begin, _last(data, rows))
        if not begin and len(self._data) > KEPT:  # cut anywhere: not in a character or a sequence
            begin = max(data.find(b"\n"), data.find(b"\x1b"), 0)
        return (OTHER if self._other else b"") + QUESTIONS.sub(b"", data[begin:])


def _last(data: bytes, rows: int) -> int:
    """Where so many last lines begin; 0 when there are fewer."""
    at = len(data)
    for _ in range(rows):
        at = data.rfind(b"\n", 0, at)
        if at < 0:
            return 0
    return at + 1
