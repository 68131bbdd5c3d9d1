"""From events to the screen: one Report per command takes the events and owns the output.

    with progress.reporter(args) as report:
        asyncio.run(story(..., emit=report.emit))
        return report.code

`-o json` holds everything back and prints one document, also when the story raises; `-o jsonl`
prints each event as it comes; otherwise text for people (`enve.cli.narrate`), with a live line
below it on a terminal (`enve.cli.live`).
"""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, redirect_stdout
from types import TracebackType
from typing import Protocol, Self

from enve.cli import errors
from enve.cli.color import Paint, is_terminal, wanted
from enve.cli.confirm import ask
from enve.cli.screen import PlainScreen, Screen
from enve.core import verdict
from enve.model.report import End, Event, Printed, Result


class Renderer(Protocol):
    """Shows events one way."""

    def event(self, event: Event) -> None:
        """Show it, or keep it for later."""

    def close(self, error: BaseException | None) -> None:
        """The story is over; `error` is what ended it, if anything did."""


class Report:
    """Takes events, shows them through one renderer, and sums them up to an exit code."""

    def __init__(self, renderer: Renderer, screen: Screen) -> None:
        self._renderer = renderer
        self._screen = screen
        self._codes: list[int] = []
        self._end: End | None = None
        self._unread = False

    def emit(self, event: Event) -> None:
        """An `enve.model.report.Emit`. A reader that goes away (`| head`) cuts nothing off: what is
        under way on nodes goes on unseen, and ends with 141."""
        if isinstance(event, Result):
            self._codes.append(verdict.code(event))
        if isinstance(event, End):
            self._end = event
        try:
            self._renderer.event(event)
        except BrokenPipeError:
            errors.no_more_output()
            self._unread = True
            if isinstance(event, Printed):
                raise  # there is nothing else to do

    def ask(self, question: str, *, assume: bool = False) -> bool:
        """`question [y/N]` on the terminal; `assume` (--yes) answers it. May be run in a thread."""
        with self._screen.paused():
            return ask(question, assume=assume)

    def paused(self) -> AbstractContextManager[None]:
        """Nothing moves on the screen meanwhile."""
        return self._screen.paused()

    @property
    def code(self) -> int:
        """What End said, else the verdict over all results so far."""
        return self._end.code if self._end else verdict.worst(self._codes)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._screen.close()
        self._renderer.close(error)
        if self._unread and error is None:
            raise BrokenPipeError


def reporter(args: Namespace) -> Report:
    """The Report that -o, --color and -v ask for; `args` come from `arguments.screen`."""
    if args.output in ("json", "jsonl"):
        from enve.cli import eventlog  # noqa: PLC0415

        form = eventlog.Lines if args.output == "jsonl" else eventlog.Document
        return Report(form(sys.stdout), PlainScreen())
    from enve.cli.narrate import Narrator  # noqa: PLC0415

    screen = _screen()
    paint = Paint(wanted(args.color, sys.stdout, os.environ))
    return Report(Narrator(screen, paint, verbose=args.verbose), screen)


@contextmanager
def aside(args: Namespace, people: tuple[str, ...]) -> Iterator[Report]:
    """A Report of what is told beside an answer that the command prints itself: as text, and all of
    it on stderr when -o is none of the formats for `people`."""
    plain = Namespace(**{**vars(args), "output": "table"})
    there = nullcontext() if args.output in people else redirect_stdout(sys.stderr)
    with there, reporter(plain) as report:
        yield report


def _screen() -> Screen:
    if is_terminal(sys.stderr) and os.environ.get("TERM", "") not in ("", "dumb"):
        from enve.cli.live import LiveScreen  # noqa: PLC0415

        return LiveScreen()
    return PlainScreen()
