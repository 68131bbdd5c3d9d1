"""`enve-list` as a whole: nodes of this machine whose writer prints what a file says."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.support import cases
from tests.support.terminal import Terminal

from enve.cli import main

pytestmark = pytest.mark.real
LOOKS = cases.parts(cases.ROOT / "listings/fleet.txt")
LISTING = "import sys; from enve.cli.main import listing; listing()"


class Fleet:
    """Nodes `web01 web02 ...`, each a home with a writer that prints `look`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.inventory = folder / "inventory.yml"
        self.names: list[str] = []

    def add(self, name: str, look: str | None) -> None:
        self.names.append(name)
        run = self.folder / name / "run"
        run.mkdir(parents=True)
        if look is not None:
            (run / "look").write_text(look)
            (run / "march").write_text(f'#!/bin/sh\n[ "$1" = look ] && exec cat {run}/look\n')
            (run / "march").chmod(0o755)
        nodes = "".join(
            f"  {name}: {{connection: local, home: {self.folder}/{name}, groups: [web]}}\n"
            for name in self.names
        )
        self.inventory.write_text(f"domain: test.example\nnodes:\n{nodes}")

    def change(self, name: str, old: str, new: str) -> None:
        look = self.folder / name / "run/look"
        fresh = look.with_suffix(".new")
        fresh.write_text(look.read_text().replace(old, new))
        fresh.rename(look)


@pytest.fixture
def fleet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fleet:
    made = Fleet(tmp_path)
    made.add("web01", LOOKS["look web01"])
    made.add("web02", LOOKS["look web02"])
    monkeypatch.setenv("ENVE_INVENTORY", str(made.inventory))
    monkeypatch.chdir(tmp_path)
    return made


@pytest.fixture
def listed(fleet: Fleet, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    def call(*words: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main.main(["list", *words])
        told = capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return ended.value.code, told.out, told.err

    return call


Listed = Callable[..., tuple[int, str, str]]


def names(out: str) -> list[str]:
    return out.split()


def test_everything(listed: Listed) -> None:
    code, out, err = listed()
    assert (code, err) == (0, "")
    assert out.splitlines()[0].split() == ["ADDRESS", "STATE", "SINCE", "RESTARTS", "PID", "DETAIL"]
    assert out.splitlines()[-1] == "6 units on 2 nodes: 3 RUNNING, 2 STOPPED, 1 FAIL"


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["web01.**"], ["web01.edge", "web01.tenants", "web01.tenants.blog", "web01.tenants.shop"]),
        (["*.edge"], ["web01.edge", "web02.edge"]),
        (["**.shop", "web02.old"], ["web01.tenants.shop", "web02.old"]),
        (["web02"], ["web02.edge", "web02.old"]),
        (["group:web.edge:!web02.edge"], ["web01.edge"]),
        (["-l", "web02"], ["web02.edge", "web02.old"]),
        (["-s", "fail"], ["web02.edge"]),
        (["-s", "FAIL,stopped"], ["web01.tenants.blog", "web02.edge", "web02.old"]),
        (["--sort-by", "restarts", "*.edge"], ["web02.edge", "web01.edge"]),
        (["--sort-by", "state", "web02"], ["web02.edge", "web02.old"]),
    ],
)
def test_which_rows(words: list[str], found: list[str], listed: Listed) -> None:
    code, out, _ = listed("-o", "name", *words)
    assert (code, names(out)) == (0, found)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["web03"], "error: no node matches 'web03'\n  did you mean 'web02'?\n"),
        (["web01.egde"], "error: no resource matches 'web01.egde'\n  did you mean 'web01.edge'?\n"),
        (["*.qqqqqq", "web02"], "error: no resource matches '*.qqqqqq'\n  `enve list` shows all\n"),
        (["web01", "-l", "web02"], "error: the patterns and --limit have no node in common\n"),
        (["-s", "FALI"], "error: enve list: argument -s/--state: 'FALI' is not one of: "),
    ],
)
def test_what_matches_nothing_is_a_mistake(words: list[str], told: str, listed: Listed) -> None:
    code, out, err = listed(*words)
    assert (code, out) == (64, "")
    assert err.startswith(told) or told in err


def test_no_inventory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("ENVE_INVENTORY", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        main.main(["list"])
    assert ended.value.code == 64
    assert capsys.readouterr().err.startswith("error: no inventory is given\n  -i FILE")


def test_nodes_in_trouble(fleet: Fleet, listed: Listed) -> None:
    fleet.add("bare", None)
    fleet.add("dead", LOOKS["look web01"].replace("== pm\n640", "== pm\n641"))
    code, out, err = listed("-o", "csv")
    assert (code, err) == (3, "")
    rows = {row["address"]: row for row in csv.DictReader(io.StringIO(out))}
    assert rows["bare"]["detail"] == "pm is not installed"
    assert rows["dead"]["detail"] == "pm is not running; its last states follow"
    assert rows["dead.edge"]["detail"] == "(last known)"
    assert rows["web01.edge"]["detail"] == ""


def test_json_is_pure_also_when_something_is_wrong(listed: Listed) -> None:
    code, out, _ = listed("-o", "json", "web01.egde")
    assert code == 64
    assert json.loads(out)["errors"][0]["hint"] == "did you mean 'web01.edge'?"
    code, out, err = listed("-o", "json")
    assert (code, err) == (0, "")
    document = json.loads(out)
    assert (document["found"], document["shown"], document["code"]) == (6, 6, 0)


def program(*words: str) -> list[str]:
    return [sys.executable, "-c", LISTING, *words]


@pytest.mark.parametrize("form", ["table", "jsonl", "csv"])
def test_watching_tells_changes_only(fleet: Fleet, form: str) -> None:
    words = program("-w", "--interval", "0.05", "-o", form, "web02", "-i", str(fleet.inventory))
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        first = sorted(run.stdout.readline() for _ in range(2))
        assert "web02.edge" in first[0]
        assert "web02.old" in first[1]
        fleet.change("web02", '"FAIL"', '"RUNNING"')
        changed = run.stdout.readline()
        assert "web02.edge" in changed
        assert "RUNNING" in changed
        fleet.change("web02", '"old":', '"new":')
        news = sorted(run.stdout.readline() for _ in range(2))
        assert "web02.new" in news[0]
        assert "web02.old" in news[1]
        assert "gone" in news[1]
        run.send_signal(signal.SIGINT)
        rest, err = run.communicate(timeout=60)
    assert (run.returncode, rest, err) == (130, "", "\ninterrupted\n")
    if form == "jsonl":
        assert json.loads(changed)["state"] == "RUNNING"


def test_watching_needs_a_format_without_an_end(listed: Listed) -> None:
    code, _, err = listed("-w", "-o", "yaml")
    assert code == 64
    assert err == "error: -w has no end, and -o yaml needs one\n  -o jsonl streams\n"


def test_a_terminal_is_drawn_again(fleet: Fleet) -> None:
    words = program("-w", "--interval", "0.05", "-i", str(fleet.inventory))
    with Terminal(words, {}, size=(6, 60)) as terminal:
        terminal.until("more rows")
        terminal.until("6 units on 2 nodes")
        fleet.change("web01", '"STOPPED"', '"STARTING"')
        terminal.until("1 STARTING")
        screen = terminal.plain.rpartition("ADDRESS")[2]
        assert len(screen.splitlines()) <= 6
        terminal.type("\x03")
        os.killpg(terminal.process.pid, signal.SIGINT)
        assert terminal.end() == 130


def test_long_answers_are_paged_on_a_terminal(fleet: Fleet) -> None:
    pager = "sed s/^/paged:/"
    words = program("-i", str(fleet.inventory))
    with Terminal(words, {"PAGER": pager}, size=(5, 200)) as terminal:
        assert terminal.end() == 0
        assert terminal.plain.count("paged:") == 8
        assert "\x1b[32mRUNNING\x1b[0m" in terminal.shown
    with Terminal(
        [*words, "--no-pager"], {"PAGER": pager, "NO_COLOR": "1"}, size=(5, 200)
    ) as plain:
        assert plain.end() == 0
        assert "paged:" not in plain.shown
        assert "\x1b" not in plain.shown
    with Terminal(words, {"PAGER": pager}, size=(50, 200)) as short:
        assert short.end() == 0
        assert "paged:" not in short.shown


def test_a_narrow_terminal_cuts_the_detail_and_nothing_else_does(
    fleet: Fleet, listed: Listed
) -> None:
    words = program("-i", str(fleet.inventory), "web02")
    with Terminal(words, {"NO_COLOR": "1", "PAGER": ""}, size=(50, 72)) as terminal:
        assert terminal.end() == 0
        assert "exit:1  bind: address alread…" in terminal.shown
        assert all(len(line) <= 72 for line in terminal.shown.splitlines()[:-1])
    assert "bind: address already in use" in listed("web02")[1]
