"""A unit that is no longer listed, on a real pm: what was placed for it goes once it has ended."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from tests.support.box import Box, line
from tests.support.wait import until

pytestmark = pytest.mark.real
MODE = "root" if os.getuid() == 0 else "user"
SLOW = ["sh", "-c", "trap 'echo bye >ended; exit' TERM; : >here; while :; do sleep 0.1; done"]


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    with Box(tmp_path) as box:
        yield box


def with_file(box: Box, name: str, content: bytes = b"x", **keys: Any) -> dict[str, Any]:
    blob = sha256(content).hexdigest()
    (box.home / "store" / blob).write_bytes(content)
    files = {"conf": {"sha256": blob, "size": len(content), "mode": 0o644}}
    return line(name, files=files, **keys)


def test_placed_files_go_and_own_files_stay(box: Box) -> None:
    box.load(line("bare"), with_file(box, "web"), with_file(box, "job", command=SLOW))
    box.wait("job", "RUNNING")
    spots = box.home / "spots"
    until((spots / "job/here").exists, "job to have written")
    box.load(line("other"))
    until(lambda: not (spots / "web").exists(), "web's directory to go")
    until(lambda: not (spots / "bare").exists(), "bare's directory to go")
    until(lambda: not (spots / "job/conf").exists(), "job's file to go")
    until(lambda: not (box.home / "units/job").exists(), "job to be forgotten")
    assert (spots / "job/ended").read_text() == "bye\n"  # it went after the unit's end
    assert sorted(path.name for path in (spots / "job").iterdir()) == ["ended", "here"]


def test_a_unit_that_comes_back_at_once_has_its_files(box: Box) -> None:
    for turn in range(5):
        box.load(with_file(box, "web", b"%d" % turn))
        box.load(line("other"))
    box.load(with_file(box, "web", b"last"))
    box.wait("web", "RUNNING")
    assert (box.home / "spots/web/conf").read_text() == "last"
    assert (box.home / "units/web/parameter").exists()


def test_a_dropped_sub_pm_leaves_what_its_units_wrote(box: Box) -> None:
    sub = line("pm1", kind="subpm", mode=MODE)
    box.load(sub, with_file(box, "pm1.job", command=SLOW), with_file(box, "pm1.web"))
    home = box.home / "spots/pm1"
    until((home / "spots/job/here").exists, "the job below to have written")
    box.load(line("other"))
    until(lambda: not (box.home / "units/pm1").exists(), "pm1 to be forgotten", 60)
    for folder in ("sub/pm1", "feed/pm1", "public/sub/pm1.json", "spots/pm1/units"):
        until(lambda left=folder: not (box.home / left).exists(), f"{folder} to go")
    left = {str(path.relative_to(home)) for path in home.rglob("*") if path.is_file()}
    assert {path for path in left if not path.startswith("log/")} == {
        "spots/job/ended",
        "spots/job/here",
    }


def test_what_an_earlier_pm_placed_goes_too(box: Box) -> None:
    box.load(with_file(box, "web"))
    assert box.process is not None
    os.kill(box.pids()[1], signal.SIGKILL)
    box.process.communicate(timeout=30)
    box.start()
    box.load(line("other"))
    until(lambda: not (box.home / "spots/web").exists(), "web's directory to go")
