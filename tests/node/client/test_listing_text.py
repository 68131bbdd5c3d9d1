"""Rows, tables and trees from what a pm publishes."""

from __future__ import annotations

from typing import Any

import pytest

from enve_pm.shell import listing

NOW = 10**12


def unit(state: str, **keys: Any) -> dict[str, Any]:
    return {"state": state, "want": "up", "result": "ok", "since": NOW - 5000, "pid": 7, **keys}


STATUS = {"units": {"web": unit("RUNNING"), "pm1": unit("RUNNING", kind="subpm")}}
SUBS = {
    "pm1": {
        "status": {"units": {"a.b": unit("FAIL", result="exit:1"), "pm2": unit("RUNNING")}},
        "sub": {"pm2": {"status": {"units": {"deep": unit("STOPPED", want="down")}}, "sub": {}}},
    },
    "lost": {"status": None, "sub": {}},
}


def test_nested_units_stand_behind_their_pm() -> None:
    rows = [segments for segments, _ in listing.rows(STATUS, SUBS)]
    assert rows == [
        ("pm1",),
        ("pm1", "a.b"),
        ("pm1", "pm2"),
        ("pm1", "pm2", "deep"),
        ("web",),
    ]


def test_the_units_of_a_sub_pm_that_is_dead() -> None:
    subs = {"pm1": {**SUBS["pm1"], "alive": False}}
    rows = dict(listing.rows(STATUS, subs))
    told = {path for path, unit in rows.items() if listing.detail(unit).startswith("(last known)")}
    assert told == {("pm1", "a.b"), ("pm1", "pm2"), ("pm1", "pm2", "deep")}


@pytest.mark.parametrize(
    ("patterns", "count"),
    [([], 5), (["**"], 5), (["*"], 2), (["pm1.*"], 2), (["web", "**.deep"], 2)],
)
def test_chosen(patterns: list[str], count: int) -> None:
    assert len(listing.chosen(listing.rows(STATUS, SUBS), patterns)) == count


def test_table() -> None:
    lines = listing.table(list(listing.rows(STATUS, SUBS)), NOW)
    assert lines == [
        "UNIT          STATE    SINCE  RESTARTS  PID  DETAIL",
        "pm1           RUNNING  5s            0    7",
        "pm1.[a.b]     FAIL     5s            0    7  exit:1, wants up",
        "pm1.pm2       RUNNING  5s            0    7",
        "pm1.pm2.deep  STOPPED  5s            0    7",
        "web           RUNNING  5s            0    7",
    ]


@pytest.mark.parametrize(
    ("ms", "text"),
    [(-5, "now"), (999, "now"), (1000, "1s"), (61_000, "1m"), (7_200_000, "2h"), (10**9, "11d")],
)
def test_age(ms: int, text: str) -> None:
    assert listing.age(ms) == text


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        ({}, ""),
        ({"result": "exit:1"}, "exit:1"),
        ({"stale": "restart"}, "needs restart"),
        ({"drift": True, "why": "manual by ann"}, "DRIFT manual by ann"),
        ({"want": "down"}, "wants down"),
        ({"detail": "two\nlines  of it"}, "two lines of it"),
    ],
)
def test_detail(keys: dict[str, Any], text: str) -> None:
    assert listing.detail(unit("RUNNING", **keys)) == text
