"""A unit that tries to have root's pm do for it what it may not do itself."""

from __future__ import annotations

import os
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.box import Box, line

from enve_pm.shell.state.folder import Folder

pytestmark = pytest.mark.real


@pytest.fixture
def box() -> Iterator[Box]:
    with tempfile.TemporaryDirectory() as place:  # that of pytest is closed to others
        Path(place).chmod(0o755)
        with Box(Path(place), "--no-cgroup") as box:
            for folder in (box.home, box.home / "spots"):
                folder.chmod(0o711)
            yield box


if os.getuid() == 0:

    def test_a_working_directory_is_entered_with_the_units_own_rights(box: Box) -> None:
        closed = box.home.parent / "closed"
        (closed / "inner").mkdir(parents=True)
        (closed / "inner").chmod(0o755)
        closed.chmod(0o700)
        lay = ["sh", "-c", f"ln -sfn {closed}/inner way; exec sleep 1000"]
        box.load(line("evil", user="daemon", command=lay))
        box.load(line("evil", user="daemon", command=["sh", "-c", "pwd; ls"], cwd="way"), status=3)
        assert box.unit("evil")["result"] == "cwd:EACCES"


def test_a_link_put_in_the_place_of_a_folder_keeps_its_mode(tmp_path: Path) -> None:
    """Somebody swaps a folder and a link to one of ours while we remove it."""
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    ours.mkdir(mode=0o755)
    theirs.mkdir()
    over = threading.Event()

    def swap() -> None:
        while not over.is_set():
            try:
                (theirs / "a").mkdir()
                (theirs / "a").rmdir()
                (theirs / "a").symlink_to(ours)
                (theirs / "a").unlink()
            except OSError:
                continue

    swapper = threading.Thread(target=swap)
    swapper.start()
    try:
        end = time.monotonic() + 0.5
        with Folder.open(str(theirs)) as folder:
            while time.monotonic() < end:
                try:
                    folder.remove("a")
                except OSError:
                    continue
    finally:
        over.set()
        swapper.join()
    assert ours.stat().st_mode & 0o7777 == 0o755


BARE = """
import os, time
while True:
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.setsid()
            os.execve("/bin/sleep", ["sleep", "0.3"], {})
        os._exit(0)
    os.wait()
    time.sleep(0.02)
"""


def test_processes_that_hide_hold_up_nobodys_end(box: Box) -> None:
    evil = line("evil", command=[box.python, "-c", BARE])
    box.load(evil, line("victim", command=["sleep", "1000"], stop_timeout=5000))
    box.order("stop", "victim")
    assert box.unit("victim")["state"] == "STOPPED"
    assert box.unit("victim")["result"] == "ok"
