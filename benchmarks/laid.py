"""The node program as deploy lays it down."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

REMOTE = Path(__file__).parents[1] / "remote"
PM, STAGES = "enve_pm", "enve_fire"
COMPILE = """
import sys
sys.path.insert(0, sys.argv[1])
from enve_pm.hostinit.compiling import compile_all
compile_all(sys.argv[2])
"""


def lay(place: Path, python: str, *packages: str) -> Path:
    """A copy of the packages at `place`, compiled for this Python."""
    for name in packages:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(REMOTE / name, place / name, ignore=ignored)
    subprocess.run([python, "-c", COMPILE, str(REMOTE), str(place)], check=True)
    return place
