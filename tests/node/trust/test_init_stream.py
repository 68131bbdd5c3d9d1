"""A pm that begins with a signed stream of its own: nobody sends it anything."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path

import pytest
from tests.node.trust import forge
from tests.node.trust.bench import Keys
from tests.node.trust.livenode import READY, Node, plan
from tests.support.wait import until

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def keys() -> Iterator[Keys]:
    made = Keys(["alice", "mallory"])
    yield made
    made.home.close()


@pytest.fixture
def node(keys: Keys, tmp_path: Path) -> Iterator[Node]:
    made = Node(tmp_path, keys)
    yield made
    made.end()


def runs(node: Node, states: Mapping[str, str]) -> None:
    until(lambda: node.states() == states, f"units to be {states}")


BOTH = {"web": "RUNNING", "db": "RUNNING"}


def test_it_begins_with_a_file_and_goes_on_with_what_came_later(
    node: Node, keys: Keys, tmp_path: Path
) -> None:
    first = plan()
    file = tmp_path / "first.stream"
    file.write_bytes(first.stream(keys.sign("alice")))
    node.start("--init-stream", str(file))
    runs(node, BOTH)
    assert (node.home / "spots/web/conf").read_text() == "one\n"
    newer = first.after({"web": forge.line("web", ready=READY)})
    assert node.send(newer.stream(keys.sign("alice"))).verdict == "applied"
    node.end()
    node.start("--init-stream", str(file))
    runs(node, {"web": "RUNNING"})


def test_it_comes_back_by_it_when_its_state_is_lost(node: Node, keys: Keys, tmp_path: Path) -> None:
    """As on a machine without a disk: what deploy laid down is there again, nothing else."""
    file = tmp_path / "first.stream"
    file.write_bytes(plan().stream(keys.sign("alice")))
    node.start("--init-stream", str(file))
    runs(node, BOTH)
    assert node.process is not None
    os.kill(int(node.status()["pid"]), signal.SIGKILL)
    node.process.wait(60)
    for name in ("units", "plans", "store", "spots", "public", "initial"):
        shutil.rmtree(node.home / name, ignore_errors=True)
    node.start("--init-stream", str(file))
    runs(node, BOTH)


def test_a_whole_signed_plan_on_stdin_of_a_pm_that_is_kept_alive(
    node: Node, keys: Keys, tmp_path: Path
) -> None:
    """The share of this node is cut out of it, large files too; the rest is passed over."""
    data = os.urandom(100_000)
    name = {"sha256": sha256(data).hexdigest(), "size": len(data), "mode": 0o600}
    made = plan().after({"web": forge.line("web", ready=READY, files={"big": name})})
    whole = forge.plan_file(made, [keys.sign("alice")], [b"of another", data])
    (tmp_path / "plan").write_bytes(whole)
    with (tmp_path / "plan").open("rb") as stdin:
        node.start("--respawn", "--init-stream", "-", stdin=stdin)
    runs(node, {"web": "RUNNING"})
    assert (node.home / "spots/web/big").read_bytes() == data
    assert not any((node.home / "initial/.inbox").iterdir())
    assert (node.home / "init.stream").read_bytes() == whole
    pid = int(node.status()["pid"])
    os.kill(pid, signal.SIGKILL)
    until(lambda: node.status()["pid"] != pid, "pm to come back")
    runs(node, {"web": "RUNNING"})
    node.end()
    node.start("--init-stream", "-", stdin=subprocess.DEVNULL)  # as an init does
    assert (node.home / "init.stream").read_bytes() == whole


def test_one_that_is_not_signed_by_a_keyhole_changes_nothing(
    node: Node, keys: Keys, tmp_path: Path
) -> None:
    file, said = tmp_path / "first.stream", tmp_path / "said"
    file.write_bytes(plan().stream(keys.sign("mallory")))
    with said.open("wb") as stderr:
        node.start("--init-stream", str(file), stderr=stderr)
    until(lambda: "init stream" in said.read_text(), "pm to complain")
    assert "refused (keyhole)" in said.read_text()
    assert node.states() == {}


@pytest.mark.nightly
def test_it_is_tried_again(node: Node, keys: Keys, tmp_path: Path) -> None:
    file = tmp_path / "first.stream"
    node.start("--init-stream", str(file))
    file.write_bytes(plan().stream(keys.sign("alice")))
    runs(node, BOTH)


def test_a_sub_pm_has_its_parents_word(node: Node) -> None:
    done = node.pm("run", "--sub", "--init-stream", "x")
    assert (done.returncode, "--init-stream" in done.stderr) == (64, True)
