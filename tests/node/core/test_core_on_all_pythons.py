"""The core runs its scripts under every Python from 3.8 on that this machine has."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
RUN = """
import sys
sys.path[:0] = ["remote", "."]
from pathlib import Path
from tests.support.pmscript import Script
scripts = sorted(Path("tests/cases/machine").glob("*.txt"))
for path in scripts:
    Script().run(path.read_text(encoding="utf-8"))
from enve_pm.core import address, diagram, goal, nesting, property, verb
print(len(scripts))
"""
IMPORTS = """
import sys
sys.path.insert(0, "remote")
before = set(sys.modules)
import enve_pm.core.machine, enve_pm.core.goal, enve_pm.core.verb, enve_pm.core.property
print(" ".join(sorted(m for m in set(sys.modules) - before if not m.startswith("enve_pm"))))
"""
ALLOWED = {"itertools"}
WHOLE = """
import sys
sys.path.insert(0, "remote")
import enve_pm.serve, enve_pm.shell.plan.accept
print(" ".join(sorted(sys.modules)))
"""
# Each of these costs more than all units of a small node.
HEAVY = {"collections", "heapq", "operator", "array", "zlib", "re", "json", "enum", "dataclasses"}
HEAVY |= {"subprocess", "argparse", "logging", "asyncio", "hashlib", "socket", "signal"}


def interpreters() -> list[str]:
    homes = sorted((Path.home() / ".pyenv" / "versions").glob("3.*/bin/python"))
    found = [str(home) for home in homes if int(home.parts[-3].split(".")[1]) >= 8]
    return [sys.executable, *found]


def run(python: str, code: str, *flags: str) -> str:
    env = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    command = [python, *flags, "-c", code]
    done = subprocess.run(
        command, check=False, cwd=ROOT, env=env, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.mark.real
@pytest.mark.parametrize("python", interpreters())
def test_scripts(python: str) -> None:
    assert int(run(python, RUN)) >= 20


@pytest.mark.real
def test_the_resident_core_imports_next_to_nothing() -> None:
    loaded = set(run(sys.executable, IMPORTS, "-I", "-S").split())
    assert {m for m in loaded if not m.startswith("_")} <= ALLOWED


@pytest.mark.real
@pytest.mark.parametrize("python", interpreters())
def test_the_resident_program_leaves_heavy_modules_out(python: str) -> None:
    assert not HEAVY & set(run(python, WHOLE, "-I", "-S").split())
