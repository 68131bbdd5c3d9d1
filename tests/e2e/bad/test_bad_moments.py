"""Marches that are cut into: by Ctrl-C, by a second operator, by a node that goes."""

from __future__ import annotations

import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support import lacking
from tests.support.lab import SshNode
from tests.support.site import SPOTS, VARS, Site, screen
from tests.support.wait import until

pytestmark = pytest.mark.real


@pytest.fixture
def go(site: Site) -> Iterator[Path]:
    """When this file is there the slow spot is ready; the site is as it was afterwards."""
    file = site.lab.folder / "go"
    yield file
    file.touch()
    site.march()
    file.unlink()


def slow(site: Site, go: Path, seconds: int = 7400, **more: Any) -> Path:
    """A plan that takes until `go` is there; more seconds make another plan of it."""
    ready = {"check": f"test -e {go}"}
    extra = {"run": f"sleep {seconds}", "ready": ready, "start_timeout": "5m"}
    name = f"slow{seconds}"
    content = site.fleet.plan({**SPOTS, "*.extra": extra}, "plan", vars=VARS, **more)
    return content.rename(site.lab.folder / f"{name}.yml")


@contextmanager
def under_way(site: Site, plan: Path) -> Iterator[subprocess.Popen[str]]:
    """A march that every node has accepted, and that is not over."""
    before = [pm.held()["hash"] for pm in site.pms]
    process = site.fleet.start("march", str(plan), "--yes", "--key", site.fleet.alice)
    try:
        until(lambda: all_differ(site, before), "all nodes have accepted", 60)
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def all_differ(site: Site, hashes: list[str]) -> bool:
    return all(pm.held()["hash"] != old for pm, old in zip(site.pms, hashes, strict=True))


def end(process: subprocess.Popen[str]) -> subprocess.CompletedProcess[str]:
    out, err = process.communicate(timeout=120)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def test_ctrl_c_prints_the_state_of_each_node_and_leaves_them_at_work(site: Site, go: Path) -> None:
    with under_way(site, slow(site, go)) as process:
        process.send_signal(signal.SIGINT)
        done = end(process)
    said = screen(done)
    assert done.returncode == 130, said
    for node in ("n1", "n2", "n3"):
        assert node in said
    assert "accepted, still at work" in said
    go.touch()
    for pm in site.pms:
        until(lambda pm=pm: pm.unit("extra")["state"] == "RUNNING", f"{pm.name} goes on")
    assert len({pm.held()["hash"] for pm in site.pms}) == 1


def test_terminated_is_143(site: Site, go: Path) -> None:
    with under_way(site, slow(site, go)) as process:
        process.send_signal(signal.SIGTERM)
        done = end(process)
    assert done.returncode == 143, screen(done)


def test_of_two_operators_at_once_one_is_told_and_nothing_is_mixed(site: Site, go: Path) -> None:
    with under_way(site, slow(site, go)) as process:
        held = [pm.held() for pm in site.pms]
        other = slow(site, go, 7500)
        said = screen(site.fleet.march(other, operator="second", code=6))
        assert "is marching the lane 'main'" in said
        assert "nothing was sent" in said
        assert [pm.held() for pm in site.pms] == held
        go.touch()
        done = end(process)
    assert done.returncode == 0, screen(done)


def test_a_node_that_is_cut_off_in_the_middle(site: Site, go: Path) -> None:
    """Its state is not claimed; the others go on; the next march finds out."""
    node = site.node("n2")
    with under_way(site, slow(site, go)) as process:
        node.stop()
        go.touch()
        done = end(process)
    said = screen(done)
    assert done.returncode == 124, said
    assert "applied 2 of 3" in said
    assert "accepted, still at work" in said or "no answer came" in said
    until(lambda: site.pm("n2").unit("extra")["state"] == "RUNNING", "n2 went on alone")
    node.start()
    again = site.fleet.march(slow(site, go))
    assert again.returncode == 0


def test_a_plan_that_was_signed_before_somebody_elses_march(site: Site) -> None:
    """Two histories: the one that came later is told, by its file and by its nodes."""
    fleet, late = site.fleet, site.lab.folder / "late.signed"
    fleet.march(site.plan("late"), "--out", str(late), operator="second")
    fleet.march(site.plan("first"), operator="third")
    with site.unchanged():
        said = screen(fleet.run("march", str(late), "--yes", operator="second", code=5))
        assert "older than what nodes hold" in said
    site.march()


def test_a_signed_file_that_was_tampered_with(site: Site) -> None:
    fleet, file = site.fleet, site.lab.folder / "plan.signed"
    fleet.march(site.plan("signed"), "--out", str(file))
    whole = file.read_bytes()
    with site.unchanged():
        for word in (b"enve-plan", b"86400", b"greeting=signed"):
            assert word in whole
            file.write_bytes(whole.replace(word, word[:-1] + b"?", 1))
            screen(fleet.run("march", str(file), "--yes", code=65))
        at = whole.index(b"\nsig ") + 60  # for the nodes to judge: they know the keys
        file.write_bytes(bytes([*whole[:at], whole[at] ^ 1, *whole[at + 1 :]]))
        said = screen(fleet.run("march", str(file), "--yes", code=5))
        assert "rejected (signature)" in said
        file.write_bytes(whole[: len(whole) // 2])
        screen(fleet.run("march", str(file), "--yes", code=65))
    site.march()


def test_a_fork_on_the_nodes_is_found_before_anything_is_signed(site: Site) -> None:
    """Two operators who met no common node: n1 by one history, n2 by another."""
    fleet = site.fleet
    plans = [site.plan("north", "north"), site.plan("south", "south")]
    fleet.march(plans[0], "-l", "n1", operator="north")
    fleet.march(plans[1], "-l", "n2", operator="south")
    with site.unchanged():
        said = screen(fleet.march(site.plan("east"), operator="east", code=6))
        assert "nothing was signed" in said
        assert "held by n1" in said or "held by n2" in said
    found = re.search("--force-base ([0-9a-f]{64})", said)
    assert found is not None, said
    fleet.march(site.plan(), "--force-base", found[1], operator="east")
    assert len({pm.held()["hash"] for pm in site.pms}) == 1


def test_a_controller_whose_clock_most_nodes_contradict_signs_nothing(site: Site) -> None:
    tools = lacking.shim(site.lab.folder / "clock", lacking.wrong_clock(3600))
    with site.unchanged(), ExitStack() as stack:
        for node in site.lab.nodes[:2]:
            stack.enter_context(with_environment(node, tools))
        said = screen(site.fleet.march(site.plan("late"), code=69))
        assert "behind that of most nodes (2 of 3); nothing was signed" in said


@contextmanager
def with_environment(node: SshNode, variables: dict[str, str]) -> Iterator[None]:
    """Its logins have these variables meanwhile."""
    kept = node.environment
    try:
        node.stop()
        node.environment = variables
        node.start()
        yield
    finally:
        node.stop()
        node.environment = kept
        node.start()
