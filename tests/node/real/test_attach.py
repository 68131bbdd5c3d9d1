"""A bind and its flags, on a kernel of today and on one that lacks the calls for it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.support.rooms import OWN, bind

pytestmark = [pytest.mark.real, pytest.mark.host]

BEGIN = """
import json, sys
from enve_pm.core.unit import UnitSpec
from enve_pm.maker import attach
from enve_pm.maker.mount import MountUnit
from enve_pm.maker.place import Place
from enve_pm.shell.process import mountinfo
home, text, number = sys.argv[1:]
attach._OPEN_TREE = int(number)
unit = MountUnit(Place(home, UnitSpec.parse(json.loads(text)), {}))
"""
MADE = """
before = unit.check()
unit.make()
found = mountinfo.on(unit.at, mountinfo.read())
told = [before, unit.check(), sorted(found.options)]
unit.undo()
print(json.dumps([*told, unit.check()]))
"""
FULL_DISK = """
def full(mount):
    raise OSError(28, "full")
unit._shown._laid.note = full
try:
    unit.make()
except OSError as error:
    print(json.dumps([error.strerror, unit.check()]))
"""

pytestmark.append(pytest.mark.parametrize("number", [428, 9999], ids=["open_tree", "without"]))


def told(program: str, base: Path, number: int, what: str) -> list[Any]:
    source, at = base / "source", base / "at"
    for path in (source, at):
        path.write_text("") if what == "file" else path.mkdir()
    words = [str(base), json.dumps(bind("seen", source, at, "ro", "noexec")), str(number)]
    code = BEGIN + program
    done = subprocess.run(
        [*OWN, sys.executable, "-c", code, *words], capture_output=True, text=True, check=True
    )
    found: list[Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("what", ["folder", "file"])
def test_a_bind_has_its_flags(number: int, what: str, tmp_path: Path) -> None:
    before, made, options, gone = told(MADE, tmp_path, number, what)
    assert made == ""
    assert {"ro", "noexec", "nosuid", "nodev"} <= set(options)
    assert before == gone == f"nothing is mounted at {tmp_path / 'at'}"


def test_one_that_cannot_be_written_down_is_not_there(number: int, tmp_path: Path) -> None:
    why, gone = told(FULL_DISK, tmp_path, number, "folder")
    assert (why, gone) == ("full", f"nothing is mounted at {tmp_path / 'at'}")
