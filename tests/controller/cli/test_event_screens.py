"""Events as people see them: golden screens; and as programs do."""

from __future__ import annotations

import dataclasses
import io
import json
from argparse import Namespace
from pathlib import Path
from typing import Any

import pytest
from tests.support import cases

from enve.cli import eventlog, narrate, phrases, progress
from enve.cli.color import Paint
from enve.cli.errors import Told
from enve.cli.screen import PlainScreen
from enve.core.verdict import OUTCOME_CODE
from enve.errors import InputError
from enve.model import report
from enve.model.report import Begin, End, Event, Notice, Problem, Result, Step

EVENTS = {kind.__name__.lower(): kind for kind in report.Event.__args__}


def decoded(text: str) -> list[Event]:
    return [_event(json.loads(line)) for line in text.splitlines()]


def _event(told: dict[str, Any]) -> Event:
    kind = EVENTS[told.pop("event")]
    told.pop("v", None)
    if told.get("problem"):
        problem = told["problem"]
        told["problem"] = Problem(**{**problem, "notes": tuple(problem.get("notes", ()))})
    for name in ("nodes", "changes"):
        if name in told:
            told[name] = tuple(told[name])
    if "changes" in told:
        told["changes"] = tuple(report.Change(**change) for change in told["changes"])
    made: Event = kind(**told)
    return made


@pytest.mark.parametrize("case", cases.of("event_screens"))
def test_screen(case: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = cases.parts(case)
    narrator = narrate.Narrator(PlainScreen(), Paint(on=False))
    for event in decoded(found[""]):
        narrator.event(event)
    narrator.close(None)
    told = capsys.readouterr()
    assert told.out == found["screen"]
    assert told.err == found.get("aside", "")


@pytest.mark.parametrize("case", cases.of("event_screens"))
def test_json_lines_give_the_same_events_back(case: Path) -> None:
    events = decoded(cases.parts(case)[""])
    stream = io.StringIO()
    lines = eventlog.Lines(stream)
    for event in events:
        lines.event(event)
    assert decoded(stream.getvalue()) == events
    assert stream.getvalue().isascii()


def test_verbose_shows_steps_and_every_node(capsys: pytest.CaptureFixture[str]) -> None:
    narrator = narrate.Narrator(PlainScreen(), Paint(on=False), verbose=2)
    for event in (Begin("march", ("a",)), Step("a", "send", "3 frames"), Result("a", "changed")):
        narrator.event(event)
    told = capsys.readouterr()
    assert told.err == "a: send 3 frames\n"
    assert told.out == "a  changed\n"


def test_a_story_that_breaks_off_tells_what_is_known(capsys: pytest.CaptureFixture[str]) -> None:
    narrator = narrate.Narrator(PlainScreen(), Paint(on=False))
    narrator.event(Begin("march", ("a", "b")))
    narrator.event(Result("a", "failed", problem=Problem("x", 3)))
    narrator.close(KeyboardInterrupt())
    assert capsys.readouterr().err == "failed on 1 of 2 nodes: x\n  a\n"


def test_the_document_holds_everything() -> None:
    stream = io.StringIO()
    document = eventlog.Document(stream)
    for event in (
        Begin("deploy", ("a",)),
        Step("a", "connect"),
        Notice("n"),
        Result("a", "changed", seconds=0.12345),
        End(0, 1.5),
    ):
        document.event(event)
    document.close(None)
    told = json.loads(stream.getvalue())
    assert told["v"] == 1
    assert (told["command"], told["nodes"], told["code"]) == ("deploy", ["a"], 0)
    assert [result["seconds"] for result in told["results"]] == [0.123]
    assert told["notices"] == [{"text": "n", "level": "info"}]
    assert told["errors"] == []


def test_the_document_holds_the_error_that_ended_the_story() -> None:
    stream = io.StringIO()
    document = eventlog.Document(stream)
    document.event(Begin("deploy", ("a",)))
    with pytest.raises(Told) as told:
        document.close(InputError("bad"))
    assert [error.message for error in told.value.errors] == ["bad"]
    shown = json.loads(stream.getvalue())
    assert [error["message"] for error in shown["errors"]] == ["bad"]
    assert shown["code"] == 65


@pytest.mark.parametrize(("ended", "code"), [(KeyboardInterrupt(), 130), (SystemExit(143), 143)])
def test_an_interrupted_document_is_still_one(
    ended: BaseException, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    args = Namespace(output="json", color="auto", verbose=0)
    with pytest.raises(type(ended)), progress.reporter(args) as reporting:
        reporting.emit(Begin("march", ("a",)))
        reporting.emit(End(130))
        raise ended
    assert json.loads(capsys.readouterr().out)["code"] == code


def test_a_document_without_an_end_has_the_code_of_its_results(
    capsys: pytest.CaptureFixture[str],
) -> None:
    args = Namespace(output="json", color="auto", verbose=0)
    with progress.reporter(args) as reporting:
        reporting.emit(Result("a", "failed", problem=Problem("x", 3)))
    assert json.loads(capsys.readouterr().out)["code"] == 3


@pytest.mark.parametrize(
    ("outcomes", "code"),
    [
        ((), 0),
        (("changed", "unchanged", "skipped"), 0),
        (("changed", "pending"), 2),
        (("pending", "leased"), 6),
        (("leased", "unreachable"), 4),
        (("unreachable", "deadline"), 124),
        (("deadline", "failed"), 3),
        (("failed", "refused"), 5),
        (("refused", "rolled-back"), 7),
    ],
)
def test_the_verdict_over_all_results(outcomes: tuple[report.Outcome, ...], code: int) -> None:
    reporting = progress.Report(eventlog.Lines(io.StringIO()), PlainScreen())
    for outcome in outcomes:
        reporting.emit(Result("a", outcome))
    assert reporting.code == code


def test_every_outcome_has_a_code_and_words() -> None:
    outcomes = set(report.Outcome.__args__)
    assert set(OUTCOME_CODE) == outcomes
    assert set(phrases.PROBLEM) | set(phrases.GOOD) == outcomes


def test_events_stay_flat_enough_for_json() -> None:
    for kind in (*EVENTS.values(), report.Row, Problem, report.Change):
        assert dataclasses.is_dataclass(kind)
