"""The life of a pm under every interpreter that is here: start, sub-pm, reexec, crash."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support import brood
from tests.support.box import Box, line
from tests.support.wait import until

PLACES = (Path("~/.pyenv/versions").expanduser(), Path("/usr/bin"), Path("/usr/local/bin"))
OLDEST = (3, 8)


def interpreters() -> dict[str, str]:
    """{"3.8": path}: one of each version from 3.8 on."""
    found = {}
    for place in PLACES:
        for path in [*place.glob("*/bin/python3"), *place.glob("python3*")]:
            if path.name.endswith("config") or not os.access(path, os.X_OK):
                continue
            argv = [str(path), "-I", "-S", "-c", "import sys; print(*sys.version_info[:2])"]
            said = subprocess.run(argv, capture_output=True, text=True, check=False).stdout.split()
            if len(said) == 2 and (int(said[0]), int(said[1])) >= OLDEST:
                found.setdefault(".".join(said), str(path))
    return found or {"this": sys.executable}


@pytest.mark.real
@pytest.mark.parametrize("version", sorted(interpreters()))
def test_life(tmp_path: Path, version: str) -> None:
    with Box(tmp_path, "--mode", "user", python=interpreters()[version]) as box:
        box.load(
            line("web", command=["sh", "-c", brood.FAMILY]),
            line("pm1", kind="subpm", mode="user"),
            line("pm1.inner"),
        )
        before = box.wait("pm1.inner", "RUNNING")["pid"]
        assert box.pm("reexec").returncode == 0
        assert box.pm("restart", "pm1.inner").returncode == 0
        until(lambda: box.unit("pm1.inner")["pid"] not in (0, before), "a new process")
        assert box.pm("version").returncode == 0
        os.kill(box.pids()[1], signal.SIGKILL)
        until(lambda: not brood.marked(box.mark), "everything to be gone")
