"""`pm list-dependencies` of units in nested pms reads the home of their own pm."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

import pytest

from enve_pm.client import graph
from enve_pm.shell.words import USAGE, Failure


def unit(home: Path, name: str, **line: object) -> None:
    folder = home / "units" / name
    folder.mkdir(parents=True)
    (folder / "parameter").write_text(json.dumps({"v": 1, "name": name, **line}))


KINDS = {"web": "process", "jobs": "subpm"}


def laid(home: Path) -> Path:
    unit(home, "jobs", kind="subpm")
    unit(home, "web", needs=["db"])
    unit(home / "spots" / "jobs", "mailer", needs=["queue"])
    unit(home / "spots" / "jobs", "queue")
    states = {name: {"state": "RUNNING", "kind": kind} for name, kind in KINDS.items()}
    (home / "public").mkdir()
    (home / "public/status.json").write_text(json.dumps({"units": states}))
    return home


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return laid(tmp_path)


def test_a_nested_unit_stands_under_its_address(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--home", str(home), "web", "jobs.mailer"]
    assert graph.run("list-dependencies", words) == 0
    said = capsys.readouterr().out
    assert said == "web  RUNNING\n  db (missing)\njobs.mailer\n  jobs.queue\n"


def test_who_needs_it(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--home", str(home), "--reverse", "jobs.queue"]
    assert graph.run("list-dependencies", words) == 0
    assert capsys.readouterr().out == "jobs.queue\n  jobs.mailer\n"


def test_for_programs(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert graph.run("list-dependencies", ["--home", str(home), "-o", "json", "web"]) == 0
    shown = {"web": {"state": "RUNNING", "result": "", "edges": [["need", "db"]]}}
    assert json.loads(capsys.readouterr().out) == {"v": 1, "units": shown}


@pytest.mark.parametrize("name", ["jobs.mailr", "gone.mailer", "a..b"])
def test_one_that_is_not_there(home: Path, name: str) -> None:
    with pytest.raises(Failure) as failure:
        graph.run("list-dependencies", ["--home", str(home), name])
    assert failure.value.code == USAGE


@pytest.mark.skipif(os.geteuid() != 0, reason="closes folders to another user")
def test_a_pm_whose_units_are_closed_to_us_hides_no_other() -> None:
    with tempfile.TemporaryDirectory() as base:
        home = laid(Path(base))
        home.chmod(0o755)
        (home / "spots/jobs/units").chmod(0o711)
        open_files = len([*Path("/proc/self/fd").iterdir()])
        os.seteuid(65534)
        try:
            assert list(graph.load(str(home))) == ["jobs", "web"]
        finally:
            os.seteuid(0)
        assert len([*Path("/proc/self/fd").iterdir()]) == open_files
