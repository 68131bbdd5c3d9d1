"""The benchmarks run, on two nodes and without the peers, and their page says what was promised."""

from __future__ import annotations

import json
import shutil
from argparse import Namespace
from pathlib import Path

import pytest
from benchmarks import __main__ as main
from benchmarks import bars, fleet, results, stages_noop, stages_race, stages_tree
from benchmarks.bars import Bar
from benchmarks.managers import page
from benchmarks.parts import PARTS
from benchmarks.pm import endure
from benchmarks.stages_bars import (
    AGAIN,
    BTRFS_RSYNC,
    COPY,
    CP,
    FIRST,
    HARDLINK,
    REFLINK,
    RSYNC,
)
from benchmarks.stages_cases import BARE, FIND, GIT, LAPTOP, MAKE, NIX, NODE
from benchmarks.stages_ways import Took

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


def test_every_part_stands_in_the_help() -> None:
    words = (main.__doc__ or "").split("PART: ")[1].split(". ")[0].split()
    assert words == list(PARTS)


@pytest.mark.real
@pytest.mark.skipif(not Path("/usr/bin/python3").exists(), reason="there is no /usr/bin/python3")
def test_a_small_product_is_run_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(stages_noop, "YOUNG", 0)
    few = {"rounds": 1, "files": 2, "python": "/usr/bin/python3"}
    given = Namespace(**few, large_size=1, large_files=200, large_rounds=1)
    small, large = stages_noop.measure(given)
    assert set(small) - {NIX} == {BARE, NODE, GIT, LAPTOP, MAKE}
    assert set(large) - {NIX} == {NODE, FIND}
    text = stages_noop.page(small, large, given)
    assert "| no-op fire, 1 MiB in 200 files | <= 200 ms |" in text
    assert list(tmp_path.iterdir()) == []


def test_a_no_op_stands_beside_that_of_nix_build() -> None:
    few = {BARE: (9.0, 8.0), NODE: (21.0, 19.0), GIT: (15.0, 14.0)}
    given = Namespace(large_size=1024, large_files=20_000)
    many = {NODE: (150.0, 140.0), FIND: (40.0, 39.0)}
    text = stages_noop.page(few, many, given)
    assert "nix-build was not measured: it is not in PATH." in text
    assert "| no-op fire on a node, a folder | <= 20 ms | 21 ms | **not met** |" in text
    assert "a start of Python that does nothing took 9.0 ms" in text
    assert "| no-op fire, 1024 MiB in 20,000 files | <= 200 ms | 150 ms | met |" in text
    text = stages_noop.page({**few, NIX: (28.0, 27.0)}, many, given)
    assert "| no-op fire of a folder, beside nix-build | <= 1 x | 0.75 x | met |" in text


@pytest.mark.real
def test_racers_build_once(tmp_path: Path) -> None:
    made, _ = found = stages_race.race(3, 0.05, str(tmp_path))
    assert made == 1
    text = stages_race.page(3, {0.05: [found], 2.5: [(2, 60.0)]})
    assert "| builds of one hash by 3 racers | <= 1 | 2 | **not met** |" in text
    assert "| the last of the others, after the build | <= 50 ms | 60 ms | **not met** |" in text


@pytest.mark.real
@pytest.mark.skipif(not shutil.which("rsync"), reason="there is no rsync")
def test_a_small_tree_is_installed_by_each_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stages_tree, "YOUNG", 0)
    given = Namespace(size=1, files=200, rounds=1, folder=str(tmp_path))
    found, refusal = stages_tree.measure(given)
    wanted = {FIRST, AGAIN, RSYNC, CP, HARDLINK, COPY}
    assert set(found) == wanted | (set() if refusal else {BTRFS_RSYNC, REFLINK})
    assert all(took.wall > 0 for took in found.values())
    assert list(tmp_path.iterdir()) == []


def test_what_a_machine_has_no_reflinks_for_is_told() -> None:
    took = {FIRST: 1.0, AGAIN: 0.1, RSYNC: 4.0, CP: 3.0, HARDLINK: 0.5, COPY: 3.6}
    found = {name: Took(wall, wall / 2) for name, wall in took.items()}
    given = Namespace(size=1024, files=20_000)
    text = stages_tree.page(found, "mount: only root can do that", given)
    assert "btrfs was not measured: mount: only root can do that." in text
    assert "| install by hardlink: faster than rsync by | >= 5 x | 8 x | met |" in text
    assert "| install by copy, beside cp -a | <= 1.1 x | 1.2 x | **not met** |" in text
    assert "| install, copy | 3.60 | 1.80 |" in text
    found |= {BTRFS_RSYNC: Took(6.0, 3.0), REFLINK: Took(1.0, 0.5)}
    text = stages_tree.page(found, "", given)
    assert "| install by reflink: faster than rsync by | >= 5 x | 6 x | met |" in text


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
