"""All modules of the program in one file: what is found there, and when it is passed by."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import traceback
from importlib.machinery import ModuleSpec
from importlib.util import module_from_spec
from pathlib import Path
from typing import Any

import pytest
from tests.node.hostinit.test_install import pythons
from tests.support.box import REMOTE

from enve_pm import compiled
from enve_pm.hostinit.compiling import compile_all

BAD = "def fail():\n    raise ValueError('told')\n"
PROGRAMS = ("enve_pm", "enve_fire")
# What comes from its own file always: the script, and who finds the others.
FIRST = (
    *("enve_pm/__main__.py", "enve_pm/__init__.py", "enve_pm/compiled.py"),
    "enve_fire/__main__.py",
)
COMPILE = """
import sys
sys.path.insert(0, sys.argv[1])
from enve_pm.hostinit.compiling import compile_all
compile_all(sys.argv[1])
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A small program."""
    place = tmp_path / "program"
    (place / "one/two").mkdir(parents=True)
    (place / "one/__init__.py").write_text("'''A text.'''\nVALUE = 1\n")
    (place / "one/two/__init__.py").write_text("")
    (place / "one/two/bad.py").write_text(BAD)
    (place / "one/wrong.py").write_text("def\n")
    (place / "one/data.json").write_text("{}")
    compile_all(str(place))
    return place


def spec_of(finder: compiled.Modules, name: str) -> ModuleSpec:
    spec = finder.find_spec(name)
    assert spec is not None, name
    return spec


def load(finder: compiled.Modules, name: str) -> Any:
    spec = spec_of(finder, name)
    module = module_from_spec(spec)
    finder.exec_module(module)
    return module


def test_a_package_a_module_and_what_is_neither(place: Path) -> None:
    finder = compiled.Modules(str(place))
    one = load(finder, "one")
    assert (one.VALUE, one.__doc__) == (1, None)
    assert one.__path__ == [f"{place}/one"]
    assert one.__file__ == f"{place}/one/__init__.py"
    bad = load(finder, "one.two.bad")
    assert (bad.__name__, bad.__package__) == ("one.two.bad", "one.two")
    assert bad.__file__ == f"{place}/one/two/bad.py"
    for name in ("two", "one.wrong", "one.data", "ne", "os", "one.two.bad "):
        assert finder.find_spec(name) is None


def test_a_traceback_names_the_place_where_the_program_lies_in_the_end(place: Path) -> None:
    final = str(place.parent / "final")
    compile_all(str(place), final)
    place.rename(final)
    bad = load(compiled.Modules(final), "one.two.bad")
    with pytest.raises(ValueError, match="told") as caught:
        bad.fail()
    frame = traceback.extract_tb(caught.value.__traceback__)[-1]
    assert (frame.filename, frame.line) == (f"{final}/one/two/bad.py", "raise ValueError('told')")


def test_everybody_may_read_what_is_compiled_whatever_the_umask(place: Path) -> None:
    before = os.umask(0o077)
    try:
        compile_all(str(place))
    finally:
        os.umask(before)
    for file in (Path(compiled.path_of(str(place))), *place.rglob("*.pyc")):
        assert stat.S_IMODE(file.stat().st_mode) == 0o644


@pytest.mark.parametrize("damage", ["missing", "empty", "magic", "cut in the table", "a folder"])
def test_a_file_that_cannot_be_used_is_none(place: Path, damage: str) -> None:
    file = Path(compiled.path_of(str(place)))
    data = file.read_bytes()
    assert compiled.there(str(place))
    file.unlink()
    if damage == "a folder":
        file.mkdir()
    elif damage != "missing":
        parts = {"empty": b"", "magic": b"\0\0\r\n" + data[4:], "cut in the table": data[:20]}
        file.write_bytes(parts[damage])
    before = list(sys.meta_path)
    compiled.use(str(place))
    assert sys.meta_path == before
    assert not compiled.there(str(place))


@pytest.mark.parametrize("change", ["cut", "another", "gone"])
def test_a_file_that_changes_later_gives_nothing_more(place: Path, change: str) -> None:
    file = Path(compiled.path_of(str(place)))
    data = file.read_bytes()
    finder = compiled.Modules(str(place))
    load(finder, "one")
    file.unlink()
    if change != "gone":
        file.write_bytes(data[:-1] if change == "cut" else data)
    assert finder.find_spec("one.two.bad") is None


def test_code_that_cannot_be_read_leaves_the_module_to_its_file(place: Path) -> None:
    file = Path(compiled.path_of(str(place)))
    data = file.read_bytes()
    file.write_bytes(data[: -(len(data) // 3)])
    assert compiled.Modules(str(place)).find_spec("one.two.bad") is None


@pytest.mark.real
@pytest.mark.parametrize("python", pythons())
def test_the_program_runs_from_it_and_without_it(tmp_path: Path, python: str) -> None:
    """Without sources it can come from nowhere else; with them a damaged file is passed by."""
    for name in PROGRAMS:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(REMOTE / name, tmp_path / name, ignore=ignored)
    subprocess.run([python, "-ISBc", COMPILE, str(tmp_path)], check=True, timeout=60)
    for name in PROGRAMS:
        shutil.rmtree(tmp_path / name)
        (tmp_path / name).mkdir()
    for name in FIRST:
        shutil.copy(REMOTE / name, tmp_path / name)
    assert b"pm 0." in runs(python, tmp_path, "enve_pm", "version")
    assert b"wanted one of" in runs(python, tmp_path, "enve_fire", "unknown", code=64)
    [file] = tmp_path.glob("modules.*")
    file.write_bytes(file.read_bytes()[:5000])
    assert b"No module named" in runs(python, tmp_path, "enve_pm", "version", code=1)
    for name in PROGRAMS:
        shutil.copytree(REMOTE / name, tmp_path / name, ignore=ignored, dirs_exist_ok=True)
    assert b"pm 0." in runs(python, tmp_path, "enve_pm", "version")


def runs(python: str, place: Path, program: str, *words: str, code: int = 0) -> bytes:
    argv = [python, "-ISB", f"{place}/{program}/__main__.py", *words]
    done = subprocess.run(argv, capture_output=True, timeout=60, check=False)
    assert done.returncode == code, done.stderr.decode()
    return done.stdout + done.stderr
