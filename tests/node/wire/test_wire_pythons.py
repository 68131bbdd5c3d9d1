"""The formats and rules under every Python that this machine has, from 3.8 on; and how little of
the standard library the cores need."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

REMOTE = Path("remote").resolve()
SCRIPT = Path(__file__).with_name("everywhere.py")
OTHERS = sorted(Path.home().glob(".pyenv/versions/3.*/bin/python"))
PYTHONS = [sys.executable, *map(str, OTHERS)]
# Too heavy for a resident program, and not needed for judging a stream.
HEAVY = (
    "asyncio",
    "argparse",
    "ctypes",
    "dataclasses",
    "json",
    "logging",
    "re",
    "subprocess",
    "typing",
)


def minor(python: str) -> int:
    found = re.search(r"/3\.(\d+)\.", python)
    return int(found.group(1)) if found else sys.version_info.minor


@pytest.mark.parametrize("python", [python for python in PYTHONS if minor(python) >= 8])
def test_under(python: str) -> None:
    done = subprocess.run(
        [python, "-I", "-S", "-B", str(SCRIPT), str(REMOTE)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "good\n"), done.stderr


def test_accepting_loads_nothing_heavy() -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); before = set(sys.modules);"
        "import enve_pm.shell.plan.accept; print(*(set(sys.modules) - before))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-B", "-c", code, str(REMOTE)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert set(HEAVY).isdisjoint(done.stdout.split())
