"""What the demo says between the commands: a heading, a few plain words, the command itself."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from enve.cli.color import Paint


class Narrator:
    """Writes to standard output, between what the commands write there."""

    def __init__(self, paint: Paint) -> None:
        self._paint = paint
        self._number = 0

    def chapter(self, title: str, *words: str) -> None:
        """The next numbered step, with what there is to know about it."""
        self._number += 1
        print("\n" + self._paint("bold", self._paint("cyan", f"{self._number}. {title}")))
        for word in words:
            self.note(word)

    def command(self, words: Sequence[str]) -> None:
        print(self._paint("bold", f"$ {shlex.join(words)}"), flush=True)

    def note(self, text: str) -> None:
        print(f"   {text}", flush=True)
