"""A bind and its flags, on a kernel of today and on one that lacks the calls for it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.rooms import OWN, bind

pytestmark = [pytest.mark.real, pytest.mark.host]

PROGRAM = """
import json, sys
from enve_pm.core.unit import UnitSpec
from enve_pm.maker import attach
from enve_pm.maker.mount import MountUnit
from enve_pm.maker.place import Place
from enve_pm.shell.process import mountinfo
home, text, number = sys.argv[1:]
attach._OPEN_TREE = int(number)
unit = MountUnit(Place(home, UnitSpec.parse(json.loads(text)), {}))
before = unit.check()
unit.make()
found = mountinfo.on(unit.at, mountinfo.read())
told = [before, unit.check(), sorted(found.options)]
unit.undo()
print(json.dumps([*told, unit.check()]))
"""


@pytest.mark.parametrize("number", [428, 9999], ids=["open_tree", "without"])
@pytest.mark.parametrize("what", ["folder", "file"])
def test_a_bind_has_its_flags(number: int, what: str, tmp_path: Path) -> None:
    source, at = tmp_path / "source", tmp_path / "at"
    for path in (source, at):
        path.write_text("") if what == "file" else path.mkdir()
    words = [str(tmp_path), json.dumps(bind("seen", source, at, "ro", "noexec")), str(number)]
    done = subprocess.run(
        [*OWN, sys.executable, "-c", PROGRAM, *words], capture_output=True, text=True, check=True
    )
    before, made, options, gone = json.loads(done.stdout)
    assert made == ""
    assert {"ro", "noexec", "nosuid", "nodev"} <= set(options)
    assert before == gone == f"nothing is mounted at {at}"
