"""Which Python a node's pm is given: asked of the script itself, on this machine."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest

SYSTEM = Path("/usr/bin/python3")


def chosen(folder: Path, path: str) -> list[str]:
    """What stands in the section `python`, with this PATH."""
    head = f"home={folder}/none\npipe={folder}/none.pipe\nwant_program=\nwant_blueprint=\n"
    script = head + files("enve.app").joinpath("probe.sh").read_text()
    done = subprocess.run(
        ["/bin/sh"], input=script, env={"PATH": path}, capture_output=True, text=True, check=False
    )
    return done.stdout.partition("== python\n")[2].partition("== ")[0].splitlines()


def test_an_environment_is_left_for_what_it_was_made_of(tmp_path: Path) -> None:
    base = os.path.realpath(sys.executable)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/python3").symlink_to(base)
    (tmp_path / "pyvenv.cfg").write_text(f"home = {Path(base).parent}\n")
    found = chosen(tmp_path, f"{tmp_path}/bin:/usr/bin:/bin")
    assert len(found) == 1
    assert str(tmp_path) not in found[0]


@pytest.mark.skipif(os.geteuid() != 0 or not SYSTEM.exists(), reason="root's, beside the system's")
def test_roots_pm_gets_one_that_other_users_can_run(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir(mode=0o700)
    shutil.copy(SYSTEM, tmp_path / "bin/python3")
    found = chosen(tmp_path, f"{tmp_path}/bin")
    assert [row.split()[0] for row in found] == ["good"]
    assert str(tmp_path) not in found[0]
