"""A unit that tries to have the way in, which has root's rights, do something for it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.box import Box, line
from tests.support.rooms import OWN
from tests.support.wait import until

pytestmark = [
    pytest.mark.real,
    pytest.mark.host,
    pytest.mark.skipif(os.getuid() != 0, reason="only root's pm has other users"),
]


@pytest.fixture
def box() -> Iterator[Box]:
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        with Box(Path(name), "--no-cgroup", around=OWN) as box:
            for folder in (box.home, box.home / "spots"):
                folder.chmod(0o711)
            yield box


def test_root_loads_no_library_of_the_plan(box: Box) -> None:
    # ld.so writes LD_DEBUG_OUTPUT.PID for every program that it starts: owned by who ran it
    seen = box.home.parent / "seen"
    seen.mkdir(mode=0o777)
    seen.chmod(0o777)
    env = {"LD_DEBUG": "files", "LD_DEBUG_OUTPUT": f"{seen}/by"}
    box.load(line("evil", user="daemon", env=env, private_tmp=False, hidden=["/usr/share"]))
    until(lambda: list(seen.iterdir()), "the unit itself to get its variables")
    assert {one.owner() for one in seen.iterdir()} == {"daemon"}


def test_a_check_gets_no_more_than_its_unit_that_made_itself_a_root(box: Box) -> None:
    keys: dict[str, Any] = {"user": "daemon", "private_tmp": True, "ready": {"how": "check"}}
    command = ["unshare", "-Ur", "--mount", "sh", "-c", "echo >/tmp/x; exec sleep 1000"]
    check = ["sh", "-c", "id -u >$SPOT_DIR/who; grep -E 'CapEff|NoNew' /proc/self/status >>who"]
    box.load(line("evil", command=command, check=check, **keys))
    said = (box.home / "spots/evil/who").read_text().split()
    assert said == ["1", "CapEff:", "0000000000000000", "NoNewPrivs:", "1"]


def test_a_setuid_program_gives_nothing_to_who_chose_what_it_sees(box: Box) -> None:
    tool = box.home.parent / "id"
    tool.write_bytes(Path("/usr/bin/id").read_bytes())
    tool.chmod(0o4755)
    text = f"{tool} -u >plain 2>&1; exec sleep 1000"
    plain = line("plain", user="daemon", command=["sh", "-c", text])
    box.load(plain, {**plain, "name": "evil", "hidden": ["/etc/ssl"]})
    for name, uid in (("plain", "0\n"), ("evil", "1\n")):
        spot = box.home / "spots" / name / "plain"
        until(lambda spot=spot: spot.exists() and spot.read_text(), "its word")  # type: ignore[misc]
        assert spot.read_text() == uid, name


def test_what_it_can_bend_is_never_covered_for_it(box: Box) -> None:
    spot = box.home / "spots/evil"
    box.load(line("evil", user="daemon", command=["sh", "-c", "ln -sfn /etc way; sleep 1000"]))
    until((spot / "way").is_symlink, "the link")
    box.load(line("evil", user="daemon", hidden=[f"{spot}/way"], restart="never"), status=3)
    assert "could bend the way" in box.unit("evil")["result"]


@pytest.mark.parametrize("beside", ["a check", "an operator"])
def test_a_setuid_program_gives_nothing_beside_who_made_itself_a_system(
    box: Box, beside: str
) -> None:
    tool = box.home.parent / "id"
    tool.write_bytes(Path("/usr/bin/id").read_bytes())
    tool.chmod(0o4755)
    own = ["unshare", "-Ur", "--mount", "sh", "-c", "mount -t tmpfs x /opt; >made; sleep 1000"]
    text = f"test -e made && {{ {tool} -u; stat -fc %T /opt; }} >$SPOT_DIR/who"
    keys: dict[str, Any] = {"user": "daemon", "command": own, "oom_score_adj": 100}
    if beside == "a check":
        keys.update(check=["sh", "-c", text], ready={"how": "check"})
    box.load(line("evil", **keys))
    if beside == "an operator":
        until((box.home / "spots/evil/made").exists, "its own system")
        done = box.pm("enter", "evil", "--", "sh", "-c", text)
        assert done.returncode == 0, done.stderr
    assert (box.home / "spots/evil/who").read_text().split() == ["1", "tmpfs"]
