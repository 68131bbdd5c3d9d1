"""Events as text for people: a line a node while it goes, equal problems once at the end."""

from __future__ import annotations

from enve.cli import phrases
from enve.cli.color import Paint
from enve.cli.screen import Screen
from enve.core import grouping
from enve.core.printable import printable
from enve.model.report import (
    Begin,
    Difference,
    End,
    Event,
    Notice,
    Printed,
    Result,
    Step,
)

SILENT = ("march",)  # no line for a node that came out well, unless -v


class Narrator:
    """Keeps the results, to sum them up at the end."""

    def __init__(self, screen: Screen, paint: Paint, *, verbose: int = 0) -> None:
        self._screen = screen
        self._paint = paint
        self._verbose = verbose
        self._begin = Begin("", ())
        self._results: list[Result] = []
        self._at: dict[str, str] = {}  # node -> the step that it is at
        self._ended = False

    def event(self, event: Event) -> None:
        """Show one event."""
        match event:
            case Begin():
                self._begin = event
                self._screen.begin(event.nodes)
            case Step():
                self._step(event)
            case Difference():
                for line in phrases.difference(event, self._paint):
                    self._screen.line(line)
            case Notice():
                self._notice(event)
            case Result():
                self._result(event)
            case Printed():
                text = printable(event.line.expandtabs(), limit=65536)
                where = self._paint("cyan", printable(event.address))
                self._screen.line(f"{where}  {text}".rstrip())
            case End():
                self._finish(event)

    def close(self, error: BaseException | None) -> None:
        """A story that ended early: say what is known of its nodes."""
        if not self._ended and self._results:
            self._problems()

    def _step(self, event: Step) -> None:
        self._screen.step(event.node, event.step, event.age)
        long = event.age > 0
        if self._verbose >= (1 if long else 2) and self._at.get(event.node) != event.step:
            self._screen.warn(printable(f"{event.node}: {event.step} {event.detail}".rstrip()))
        self._at[event.node] = event.step

    def _notice(self, event: Notice) -> None:
        if event.level == "warning":
            self._screen.warn(f"{self._paint('yellow', 'warning:')} {printable(event.text)}")
        else:
            self._screen.line(printable(event.text))

    def _result(self, event: Result) -> None:
        self._results.append(event)
        good = event.outcome in phrases.GOOD
        self._screen.done(event.node, good)
        if self._begin.command in phrases.ASKED and (good or event.status is not None):
            for line in phrases.answer(event, self._paint):
                self._screen.line(line)
        elif self._begin.command not in SILENT or self._verbose or event.outcome == "skipped":
            width = max(map(len, self._begin.nodes), default=0)
            width = max(width, len(event.address))
            brief = self._screen.together
            self._screen.line(phrases.result(event, width, self._paint, brief=brief))

    def _finish(self, event: End) -> None:
        self._ended = True
        self._screen.close()
        self._problems()
        total = len(self._begin.nodes)
        said = event.summary or phrases.summary(self._begin.command, self._results, total)
        if said:
            self._screen.line(printable(said))

    def _problems(self) -> None:
        by_address = any(result.address for result in self._results)
        total = len(self._results) if by_address else len(self._begin.nodes)
        for same in grouping.problems(self._results):
            all_of_them = (total, "resources" if by_address else "nodes")
            for line in phrases.problem(same, all_of_them, self._paint):
                self._screen.warn(line)
