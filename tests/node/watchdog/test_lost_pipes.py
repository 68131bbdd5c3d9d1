"""A pipe of a running pm that somebody deleted or replaced: put back, held by the watchdog too."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.box import Box
from tests.support.wait import until

from enve_pm.shell.events.pipes import march_group

pytestmark = pytest.mark.real


class Alone(Box):
    """A pm of its own, with a signed pipe."""

    def start(self) -> Box:
        self.pipe = self.home / "run/default.pipe"
        words = ["run", "--pipe", str(self.pipe), *self.options]
        self.process = subprocess.Popen(self._argv(words), env=self._env(), stderr=subprocess.PIPE)
        until(lambda: self.pm("status").returncode == 0, "pm to be up")
        return self


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Alone]:
    with Alone(tmp_path, "--heartbeat", "0.2") as box:
        assert isinstance(box, Alone)
        yield box


def holders(box: Alone, path: Path) -> int:
    """How many of watchdog and pm hold what stands at `path`."""
    return sum(
        any(os.path.samestat(fd.stat(), path.stat()) for fd in Path(f"/proc/{pid}/fd").iterdir())
        for pid in box.pids()
    )


def count(box: Alone) -> int:
    """pm's descriptors."""
    return len(list(Path(f"/proc/{box.pids()[1]}/fd").iterdir()))


def replaced(path: Path) -> None:
    path.unlink()
    os.mkfifo(path, 0o644)


@pytest.mark.parametrize("lose", [Path.unlink, replaced])
def test_the_signed_pipe_is_put_back_at_a_load(box: Alone, lose: object) -> None:
    before, fds = box.pids(), count(box)
    for _ in range(3):
        lose(box.pipe)  # type: ignore[operator]
        done = box.pm("load")
        assert done.returncode == 0, done.stderr
        until(lambda: holders(box, box.pipe) == 2, "both to hold the new one")
        assert box.pipe.stat().st_mode & 0o777 == (0o600 if march_group() == -1 else 0o620)
    assert box.pm("reexec", str(box.program.parent)).returncode == 0
    assert box.pids() == before
    assert holders(box, box.pipe) == 2
    assert count(box) == fds


@pytest.mark.parametrize("lose", [Path.unlink, replaced])
def test_the_owners_pipe_is_put_back_at_a_beat(box: Alone, lose: object) -> None:
    path = box.home / "input"
    lose(path)  # type: ignore[operator]
    until(lambda: path.exists() and holders(box, path) == 2, "both to hold the new one")
    assert box.pm("load").returncode == 0


def test_what_is_no_pipe_is_left_alone_and_named(box: Alone) -> None:
    box.pipe.unlink()
    box.pipe.write_bytes(b"mine")
    done = box.pm("load")
    assert done.returncode == 3
    assert f"{box.pipe} is not a fifo" in done.stderr
    assert box.pipe.read_bytes() == b"mine"
