"""A fifo that is not as it should be: exit 3, what stands in its place is left alone, and the
remedy that is named works."""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.pmnode import PmNode
from tests.support.site import Site, screen
from tests.support.wait import until

pytestmark = pytest.mark.real


@pytest.fixture
def pm(site: Site) -> Iterator[PmNode]:
    """n3's pm, deployed and marched again afterwards."""
    yield site.pm("n3")
    shut_down(site.pm("n3"))
    site.fleet.deploy("-l", "n3")
    site.march()
    assert stat.S_ISFIFO(site.pm("n3").pipe.stat().st_mode)
    assert site.fleet.states("n3.web") == {"n3.web": "RUNNING"}


def march(site: Site) -> str:
    """Of a change, to n3 alone."""
    return screen(site.fleet.march(site.plan("never"), "-l", "n3", "-T", "30", code=3))


def shut_down(pm: PmNode) -> None:
    """As the owner does it on the node; no matter when none runs."""
    pid = pm.status["pid"]
    subprocess.run([pm.home / "pm", "shutdown"], capture_output=True, check=False)
    until(lambda: not Path(f"/proc/{pid}").exists(), "pm is gone")


def test_nobody_reads_the_pipe(site: Site, pm: PmNode) -> None:
    held = pm.held()
    shut_down(pm)
    said = march(site)
    assert "its pm does not run" in said
    assert "enve-deploy starts it" in said
    assert pm.held() == held
    listed = screen(site.fleet.run("list", "n3", code=3))
    assert "pm is not running" in listed, listed


def regular_file(path: Path) -> None:
    path.write_bytes(b"not a pipe\n")


def nothing(path: Path) -> None:
    pass


def another_fifo(path: Path) -> None:
    """Whoever writes there must not hang."""
    os.mkfifo(path, 0o600)


IN_ITS_PLACE: dict[Callable[[Path], None], str] = {
    regular_file: "not delivered: its pipe is missing; nothing was changed",
    nothing: "not delivered: its pipe is missing; nothing was changed",
    another_fifo: "not delivered: its pm does not run; nothing was changed",
}


def test_something_else_in_its_place(site: Site, pm: PmNode) -> None:
    for put, says in IN_ITS_PLACE.items():
        pm.pipe.unlink(missing_ok=True)
        put(pm.pipe)
        with site.unchanged():
            said = march(site)
            assert says in said
            assert "enve-deploy" in said
            if put is regular_file:
                assert pm.pipe.read_bytes() == b"not a pipe\n"
        before = pm.snapshot()
        site.fleet.deploy("-l", "n3")
        after = pm.snapshot()
        assert (after["pm"], after["units"]) == (before["pm"], before["units"])  # nobody noticed
        assert stat.S_ISFIFO(pm.pipe.stat().st_mode)
        site.march("-l", "n3")
