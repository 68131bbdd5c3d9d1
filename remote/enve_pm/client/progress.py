"""What the units of a command go through, on one line of a terminal that is written anew."""

from __future__ import annotations

import os
import time

from enve_pm.core.filename import quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TextIO

EVERY = 0.05  # seconds between two looks


class Progress:
    """Call it between two looks for the answer, and once with True at the end."""

    def __init__(self, home: str, units: list[str], out: TextIO) -> None:
        self._paths = {name: f"{home}/units/{quote(name.strip('[]'))}/state" for name in units[:50]}
        self._out = out
        self._next = 0.0
        self._shown = ""

    def __call__(self, done: bool = False) -> None:
        now = time.monotonic()
        if now >= self._next or done:
            self._next = now + EVERY
            self._show(self._line(), done)

    def _line(self) -> str:
        return "  ".join(
            f"{name} {state}" for name, path in self._paths.items() if (state := _read(path))
        )

    def _show(self, line: str, done: bool) -> None:
        width = os.get_terminal_size(self._out.fileno()).columns or 80
        if line != self._shown:
            self._out.write(f"\r\x1b[K{line[: width - 1]}")
            self._shown = line
        if done and self._shown:
            self._out.write("\n")
        self._out.flush()


def _read(path: str) -> str:
    try:
        with open(path, encoding="ascii") as file:
            return file.read(32).strip()
    except (OSError, UnicodeDecodeError):
        return ""
