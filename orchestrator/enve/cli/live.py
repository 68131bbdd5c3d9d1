"""A live line on a terminal: N of M, what failed so far, and who has been at work the longest."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.live import Live
from rich.text import Text

from enve.cli.color import is_terminal
from enve.core.printable import printable

NAMED = 3


class LiveScreen:
    """Lines scroll up above the live line; the line goes away at the end."""

    def __init__(self) -> None:
        self._total = 0
        self._done: set[str] = set()  # nodes: one may have several results
        self._bad: set[str] = set()
        self._at_work: dict[str, tuple[float, str]] = {}
        # One console for both streams when both are the terminal: only the owner of the live
        # line knows where it stands.
        self.together = is_terminal(sys.stdout)
        stream = sys.stdout if self.together else sys.stderr
        self._console = Console(file=stream, highlight=False, markup=False, soft_wrap=True)
        self._live = Live(
            get_renderable=self._line,
            console=self._console,
            transient=True,
            refresh_per_second=8,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def begin(self, nodes: tuple[str, ...]) -> None:
        """Start the line."""
        self._total = len(nodes)
        self._live.start()

    def step(self, node: str, step: str, age: float = 0.0) -> None:
        """Who is at work, since when, at what."""
        now = time.monotonic()
        since, _ = self._at_work.get(node, (now, ""))
        self._at_work[node] = (now - age if age else since, step)

    def done(self, node: str, good: bool) -> None:
        """One less at work."""
        self._at_work.pop(node, None)
        self._done.add(node)
        if not good:
            self._bad.add(node)

    def line(self, text: str) -> None:
        """A line of the answer: on stdout, wherever that goes."""
        if self.together:
            self._console.print(Text.from_ansi(text), soft_wrap=True)
        else:
            print(text, flush=True)

    def warn(self, text: str) -> None:
        """A line beside the answer: the terminal shows both."""
        self._console.print(Text.from_ansi(text), soft_wrap=True)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """The line is away while somebody is asked."""
        running = self._live.is_started
        self._live.stop()
        yield
        if running:
            self._live.start()

    def close(self) -> None:
        """The line is gone."""
        self._live.stop()

    def _line(self) -> Text:
        now = time.monotonic()
        at_work = tuple(self._at_work.items())  # another thread draws: a copy
        longest = sorted(at_work, key=lambda item: item[1][0])[:NAMED]
        names = ", ".join(
            f"{printable(node)} {step} {now - since:.0f} s" for node, (since, step) in longest
        )
        bad = f", {len(self._bad)} not well" if self._bad else ""
        told = f"{len(self._done)} of {self._total}{bad}" + (f"   {names}" if names else "")
        return Text(told, no_wrap=True, overflow="ellipsis")
