"""From acks to exit codes: every verdict and every code of a rejection has one."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enve.core import answer as answers
from enve.model.march import Answer, Word
from enve_pm.core.refusal import CODES, FormatError

NONCE = "00" * 8


def ack(**more: Any) -> bytes:
    value = {"v": 1, "final": True, "nonce": NONCE, "verdict": "applied", "code": "", "reason": ""}
    return json.dumps({**value, "serial": 7, "lane": "main", "spots": {}, **more}).encode()


@pytest.mark.parametrize(
    ("word", "code"),
    [
        ("applied", 0),
        ("unsent", 0),
        ("duplicate", 0),
        ("failed", 3),
        ("need-full", 3),
        ("unreachable", 4),
        ("busy", 4),
        ("pending", 4),
        ("deadline", 124),
        ("accepted", 124),
        ("unknown", 124),
    ],
)
def test_every_word_has_an_exit_code(word: Word, code: int) -> None:
    told = Answer(word, True)
    assert answers.exit_code(told) == code
    shown = answers.result("n1", told)
    assert (shown.problem.code if shown.problem else 0) == code
    assert shown.verdict == word


REFUSALS = {"signature", "keyhole", "scope", "ceiling", "expired", "replay"}
FORKS = {"stale-base", "equivocation"}


@pytest.mark.parametrize("code", CODES)
def test_every_rejection_has_an_exit_code(code: str) -> None:
    wanted = 5 if code in REFUSALS else 6 if code in FORKS else 3
    assert answers.exit_code(Answer("rejected", True, code)) == wanted
    shown = answers.result("n1", Answer("rejected", True, code, "because"))
    assert shown.problem is not None
    assert f"({code}): because" in shown.problem.message


def test_a_code_of_a_newer_node_is_a_failure() -> None:
    assert answers.exit_code(Answer("rejected", True, "moon-phase")) == 3


def test_an_ack_is_read() -> None:
    spots = {"web": {"state": "FAIL", "result": "exit:1"}}
    told = answers.parse(ack(verdict="failed", spots=spots), NONCE)
    assert told == Answer("failed", True, "", "", 7, {"web": ("FAIL", "exit:1")})
    shown = answers.result("n1", told)
    assert shown.problem is not None
    assert shown.problem.notes == ("web  exit:1",)


def test_what_a_stage_has_printed_is_told_with_its_failure() -> None:
    name = "[lua-1!build@web]"
    spots = {name: ("STARTING_FAIL", "exit:82 (make: status 2)"), "web": ("STOPPED", "ok")}
    told = answers.result("n", Answer("failed", True, serial=1, spots=spots, said={name: ("a",)}))
    assert told.problem is not None
    assert told.problem.notes == (f"{name}  exit:82 build", "  | a")  # its lines say the rest


def test_what_is_long_is_cut_between_words() -> None:
    why = "exit:82 (make: " + "several words " * 40
    told = answers.result("n", Answer("failed", True, serial=1, spots={"web": ("FAIL", why)}))
    assert told.problem is not None
    [note] = told.problem.notes
    assert note.endswith((" words...", " several...")) and len(note) <= 210


def test_a_reload_that_failed_is_named() -> None:
    spots = {"web": ("RUNNING", "reload: exit:7"), "db": ("RUNNING", "exit:1")}
    told = answers.result("n", Answer("failed", True, serial=1, spots=spots))
    assert told.problem is not None
    assert told.problem.notes == ("web  reload: exit:7",)
    assert answers.exit_code(Answer("duplicate", True, spots=spots)) == 3


def test_a_duplicate_tells_how_the_plan_stands() -> None:
    lost = {"pm1.web": ("", "its pm does not run: pm1: FAIL"), "pm2.web": ("", answers.WAITS)}
    told = answers.result("n", Answer("failed", True, serial=1, spots=lost)).problem
    assert told is not None
    assert told.notes == ("pm1.web  its pm does not run: pm1: FAIL",)
    bad = Answer("duplicate", True, spots={"web": ("STARTING_FAIL", "timeout")})
    assert answers.exit_code(bad) == 3
    assert answers.result("n1", bad).outcome == "failed"


def test_the_ack_of_another_attempt_is_not_ours() -> None:
    assert answers.parse(ack(nonce="11" * 8), NONCE) is None


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"x"',
        b"[" * 100_000,
        ack(v=2),
        ack(verdict="fine"),
        ack(verdict=1),
        ack(verdict="unsent"),
        ack(final=1),
        ack(serial="7"),
        ack(serial=-1),
        ack(spots=[]),
        ack(spots={"web": "RUNNING"}),
        ack(spots={"web": {"state": "RUNNING", "result": "", "more": 1}}),
        ack(new=1),
    ],
)
def test_what_is_no_ack_is_said_to_be_none(line: bytes) -> None:
    with pytest.raises(FormatError):
        answers.parse(line, NONCE)


@given(st.binary(max_size=80))
def test_no_bytes_raise_anything_else(line: bytes) -> None:
    for tried in (line, ack()[: len(line)] + line):
        with suppress(FormatError):
            answers.parse(tried, NONCE)


def test_a_nodes_words_cannot_drive_the_terminal() -> None:
    told = answers.parse(ack(verdict="rejected", code="scope", reason="\x1b[2J\nok"), NONCE)
    assert told is not None
    assert told.reason == "\\e[2J\\nok"
