"""What the user of a spot can lay into it, against the root pm that works there."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.child import branch

from enve_pm.core.unit import UnitSpec
from enve_pm.resource.step import order
from enve_pm.shell.events.system import System
from enve_pm.shell.state.home import Home
from enve_pm.wire import canonical


@pytest.mark.parametrize("kind", ["device", "link to a device", "fifo", "folder"])
def test_a_pid_file_that_is_no_file_is_never_opened(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "pid"
    if kind == "device":
        path = Path("/dev/null")
    elif kind == "link to a device":
        path.symlink_to("/dev/zero")
    elif kind == "fifo":
        os.mkfifo(path)
    else:
        path.mkdir()
    system = System()
    monkeypatch.setattr(system, "read", lambda *_: pytest.fail("it was opened"))
    with pytest.raises(OSError, match="no regular file"):
        system.read_regular(str(path))


def test_a_pid_file_behind_a_link_is_read(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("123\n")
    (tmp_path / "pid").symlink_to("run")
    assert System().read_regular(str(tmp_path / "pid"), 2) == b"12"


@pytest.mark.real
def test_folders_deeper_than_any_path_are_removed(tmp_path: Path) -> None:
    for name in ("spots", "store"):
        (tmp_path / name).mkdir()
    deep = tmp_path / "spots" / "deep"
    deep.mkdir()
    fd = os.open(deep, os.O_RDONLY)
    for name in (".product.old", *(["d"] * 1500)):  # a path would be too long for one call
        os.mkdir(name, dir_fd=fd)
        below = os.open(name, os.O_RDONLY, dir_fd=fd)
        os.close(fd)
        fd = below
    os.close(fd)
    rows = canonical.dumps({"v": 1, "name": "deep", "command": ["x"]}) + b"\n"
    try:
        done = branch("place", str(tmp_path), rows=rows, files=64)
        assert done.stdout.decode() == "deep ok\n"
        assert list(deep.iterdir()) == []
    finally:
        subprocess.run(["rm", "-rf", str(deep)], check=True)


def test_a_spot_without_files_is_its_users_alone(tmp_path: Path) -> None:
    home = Home(str(tmp_path), System())
    (tmp_path / "spots").mkdir()
    spec = UnitSpec.parse({"v": 1, "name": "web", "command": ["x"]})
    made = order(spec, home, [sys.executable], {"PATH": "/bin"}, {})
    assert stat.S_IMODE(Path(made.cwd).stat().st_mode) == 0o700
