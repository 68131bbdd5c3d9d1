"""The benchmarks run, on two nodes and without the peers, and their page says what was promised."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from benchmarks import bars, fleet, results
from benchmarks.bars import Bar
from benchmarks.managers import page
from benchmarks.pm import endure

PM = {
    "many": {"rss": 12.5, "start_all_ms": 1200, "restart": {"p50": 1.5, "p99": 3}},
    "storm": {"starts_per_s": 900},
}


@pytest.mark.real
def test_two_nodes_without_peers() -> None:
    figures = fleet.measure(2, 1, with_peers=False)
    works = {(one.tool, one.work) for one in figures}
    assert len(works) == len(figures) == 7
    assert all(one.cost.wall > 0 and one.cost.controller > 0 for one in figures)
    text = results.page([results.fleet(figures, 2)], with_peers=False, load=(0, 0), folder="/tmp")
    for word in ("march of one config, beside two bare execs", "`python -m enve list`"):
        assert word in text


def test_figures_that_were_not_measured_have_no_bar() -> None:
    found = {bar.what: bar.met for bar in bars.of_pm(PM)}
    assert found == {
        "resident memory of pm": True,
        "start all by command": False,
        "restart after SIGKILL, p50": True,
        "restart after SIGKILL, p99": True,
        "crash storm of 10 services": False,
    }
    others = {"circus": {"version": "1", "rss": 50.0}, "dinit": {"missing": "no package"}}
    text = page.managers(PM, others, 1000)
    assert "|  | pm | circus 1 |" in text
    assert "| resident memory, MiB | 12.5 | 50 (4 x) |" in text
    assert "| wakeups when idle, /s | - | - |" in text
    assert "dinit was not measured: no package." in text


def test_the_speed_of_the_machine_is_told() -> None:
    bare = {"spawn_all_ms": 1500, "spawn_ms": 1.5, "python": {"p50": 8.5}}
    text = page.managers({**PM, "bare": bare}, {}, 1000)
    assert "| start all by nothing but posix_spawn in a loop, ms | 1500 |" in text
    assert "a bare posix_spawn of such a service took 1.5 ms and a start of Python 8.5 ms" in text


def test_a_slope_is_that_of_the_line() -> None:
    assert endure.slope([(0, 1.0), (10, 1.5), (20, 2.0)]) == pytest.approx(0.05)
    assert endure.slope([(5, 1.0)]) == 0


def test_what_was_counted_elsewhere_has_a_section(tmp_path: Path) -> None:
    assert results.recorded(tmp_path) == []
    kept = {"title": "Counted", "told": "By whom.", "rows": [["", "n"], ["states", 12]]}
    (tmp_path / "one.json").write_text(json.dumps(kept))
    (section,) = results.recorded(tmp_path)
    assert section.startswith("## Counted\n\nBy whom.\n\n") and "| states | 12 |" in section


@pytest.mark.parametrize(
    ("bar", "row"),
    [
        (Bar("a", 1.5, 1.5, "x"), ["a", "<= 1.5 x", "1.5 x", "met"]),
        (Bar("a", 1234.5, 1000, "ms"), ["a", "<= 1000 ms", "1234 ms", "**not met**"]),
        (Bar("a", 3, 3, "x", least=True), ["a", ">= 3 x", "3 x", "met"]),
        (Bar("a", 2.9, 3, "x", least=True), ["a", ">= 3 x", "2.9 x", "**not met**"]),
    ],
)
def test_a_bar(bar: Bar, row: list[str]) -> None:
    assert bar.row == row
