"""The program's zip: the same bytes from anywhere, and whole."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import enve_fire
import enve_pm
from enve import bundle

SOURCE = Path(enve_pm.__file__).parent
STAGES = Path(enve_fire.__file__).parent


def packed(folder: Path) -> bundle.Bundle:
    return bundle.pack({"enve_pm": folder / "enve_pm"})


def test_two_copies_made_at_other_times_give_the_same_hash(tmp_path: Path) -> None:
    for name in ("a", "b"):
        shutil.copytree(SOURCE, tmp_path / name / "enve_pm")
    for file in (tmp_path / "b").rglob("*"):
        os.utime(file, (1, 1))
        file.chmod(0o700)
    (tmp_path / "b/enve_pm/__pycache__").mkdir(exist_ok=True)
    (tmp_path / "b/enve_pm/__pycache__/junk.pyc").write_bytes(b"x")
    (tmp_path / "b/enve_pm/.hidden.py").write_text("x")
    first, second = (packed(tmp_path / name) for name in ("a", "b"))
    assert first == second
    assert len(first.hash) == 16


def test_one_byte_more_is_another_program(tmp_path: Path) -> None:
    shutil.copytree(SOURCE, tmp_path / "enve_pm")
    before = packed(tmp_path)
    with (tmp_path / "enve_pm/__init__.py").open("a") as file:
        file.write("#")
    assert packed(tmp_path).hash != before.hash


def test_all_sources_are_in_it_in_order() -> None:
    with zipfile.ZipFile(io.BytesIO(bundle.program().data)) as archive:
        names = archive.namelist()
    wanted = sorted(
        f"{source.name}/{path.relative_to(source).as_posix()}"
        for source in (SOURCE, STAGES)
        for path in source.rglob("*.py")
    )
    assert names == sorted(names)
    assert [name for name in names if name.endswith(".py")] == wanted


@pytest.mark.real
def test_the_zip_itself_runs(tmp_path: Path) -> None:
    (tmp_path / "pm.zip").write_bytes(bundle.program().data)
    program = "import sys; sys.path.insert(0, sys.argv[1]); import enve_pm.hostinit.install"
    argv = [sys.executable, "-I", "-S", "-c", program, str(tmp_path / "pm.zip")]
    subprocess.run(argv, check=True, timeout=60)


@pytest.mark.real
def test_the_stages_run_from_where_it_is_unpacked(tmp_path: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(bundle.program().data)) as archive:
        archive.extractall(tmp_path)
    argv = [sys.executable, "-I", "-S", str(tmp_path / "enve_fire/__main__.py"), "nothing"]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr[:14]) == (64, "error: wanted ")
