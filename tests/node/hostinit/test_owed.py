"""What a dead pm has left is undone before its home is removed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from enve_pm.hostinit import owed
from enve_pm.hostinit.problem import Problem


def owe(home: Path, unit: str, *needs: str, **keys: Any) -> Path:
    line: dict[str, Any] = {"v": 1, "name": unit, "needs": list(needs), **keys}
    if not keys:
        line.update(kind="network", network={"type": "bridge"})
    folder = home / "units" / unit
    folder.mkdir(parents=True)
    (folder / "owed").write_text(json.dumps(line))
    return folder / "owed"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Its launcher writes down what it is asked, and fails for a unit called `busy`."""
    pm = tmp_path / "pm"
    pm.write_text(
        '#!/bin/sh\nread -r line\necho "$1 $2 $line" >>$3/asked\n'
        "case $line in *'\"busy\"'*) echo 'undo: it is in use'; exit 1;; esac\n"
    )
    pm.chmod(0o755)
    return tmp_path


def test_those_that_others_need_go_last(home: Path) -> None:
    paths = [owe(home, "a"), owe(home, "b", "a"), owe(home, "c", "b", "gone")]
    assert owed.undo(str(home)) == ["c", "b", "a"]
    assert not any(path.exists() for path in paths)
    first = (home / "asked").read_text().splitlines()[0]
    assert first.startswith('_do undo {"v": 1, "name": "c"')
    assert owed.undo(str(home)) == []


def test_what_cannot_be_undone_keeps_the_home(home: Path) -> None:
    path = owe(home, "busy")
    with pytest.raises(Problem) as caught:
        owed.undo(str(home))
    assert caught.value.message == "unit busy: undo: it is in use"
    assert path.exists()


def test_others_and_what_is_no_line_are_passed_over(home: Path) -> None:
    owe(home, "job", kind="job", command=["x"], undo=["x"])
    owe(home, "odd").write_text("{")
    (home / "units" / "clean").mkdir()
    assert owed.undo(str(home)) == []
    assert not (home / "asked").exists()
