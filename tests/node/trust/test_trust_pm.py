"""A signed stream through `march`, the fifo, gpgv and a real pm, down to a running process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from tests.node.trust import forge
from tests.node.trust.bench import Keys
from tests.support import brood
from tests.support.wait import until

from enve_pm.hostinit import writer
from enve_pm.wire import canonical, frame, record

pytestmark = pytest.mark.real
PROGRAM = Path(__file__).parents[3] / "remote" / "enve_pm"
READY = {"how": "wait", "ms": 10}


class Node:
    """A user's install with its own HOME and fifo, as deploy lays it down."""

    def __init__(self, root: Path, keys: Keys, scope: str = "**") -> None:
        self.home = root / "home"
        self.run = self.home / "run"
        self.mark = uuid.uuid4().hex
        for folder in (self.home / "trust/keys", self.run / "inbox", self.run / "lease"):
            folder.mkdir(parents=True)
        keyhole = forge.keyhole(keys["alice"], scope=[scope])
        value = forge.blueprint([keyhole], pms={})
        (self.home / "trust/blueprint.json").write_bytes(canonical.dumps(value))
        for fingerprint, ring in keys.rings.items():
            (self.home / f"trust/keys/{fingerprint}.gpg").write_bytes(ring)
        self.march = root / "march"
        self.march.write_text(writer.text(str(self.home), str(self.run / "default.pipe")))
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        words = [sys.executable, "-I", "-S", str(PROGRAM), "run", "--no-cgroup"]
        pipe = str(self.run / "default.pipe")
        env = {"PATH": os.environ["PATH"], "PMHOME": str(self.home), "PMPIPE": pipe}
        self.process = subprocess.Popen(words, env={**env, brood.MARK: self.mark})
        until(lambda: b"== pm\n-\n" not in self.call("look").stdout, "pm to be up")

    def end(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(60)
        until(lambda: not brood.marked(self.mark), "everything to be gone", 60)

    def call(self, *words: str, data: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            ["/bin/sh", str(self.march), *words],
            input=data,
            capture_output=True,
            check=False,
            timeout=120,
        )

    def send(self, stream: bytes, seconds: int = 60) -> record.Ack:
        """The last ack of a march."""
        nonce = os.urandom(8)
        framed = frame.encode(stream, nonce)
        done = self.call("send", sha256(stream).hexdigest(), nonce.hex(), str(seconds), data=framed)
        assert done.returncode == 0, (done.returncode, done.stdout, done.stderr)
        return record.parse_ack(done.stdout.splitlines()[-1])

    def status(self) -> dict[str, Any]:
        shown: dict[str, Any] = json.loads((self.home / "public/status.json").read_text())
        return shown

    def states(self) -> dict[str, str]:
        """As a listing finds them."""
        return {name: unit["state"] for name, unit in self.status()["units"].items()}

    def held(self) -> record.Held:
        return record.parse_held((self.home / "public/held.json").read_bytes())


@pytest.fixture(scope="module")
def keys() -> Iterator[Keys]:
    made = Keys(["alice", "mallory"])
    yield made
    made.home.close()


@pytest.fixture
def node(keys: Keys, tmp_path: Path) -> Iterator[Node]:
    made = Node(tmp_path, keys)
    made.start()
    yield made
    made.end()


def plan(files: bytes = b"one\n", **keys: object) -> forge.Plan:
    now = int(subprocess.run(["date", "+%s"], capture_output=True, check=True).stdout)
    name = {"sha256": sha256(files).hexdigest(), "size": len(files), "mode": 0o600}
    line = forge.line("web", ready=READY, files={"conf": name})
    lines = {"web": line, "db": forge.line("db", ready=READY)}
    return forge.Plan.of(lines, issued=now, expires=now + 3600, blobs=(files,), **keys)


def test_a_march(node: Node, keys: Keys) -> None:
    first = plan()
    ack = node.send(first.stream(keys.sign("alice")))
    assert (ack.verdict, ack.final, ack.serial) == ("applied", True, 1), ack
    assert {spot["state"] for spot in ack.spots.values()} == {"RUNNING"}
    assert node.states() == {"web": "RUNNING", "db": "RUNNING"}  # with the answer, not after it
    assert (node.home / "spots/web/conf").read_text() == "one\n"
    assert node.held().lanes["main"].active == 1

    again = node.send(first.stream(keys.sign("alice")))
    assert (again.verdict, set(again.spots)) == ("duplicate", {"web", "db"})
    stranger = node.send(first.after({}).stream(keys.sign("mallory")))
    assert (stranger.verdict, stranger.code) == ("rejected", "keyhole")

    gone = first.after({"db": first.parts["web1"].lines["db"]})
    delta = gone.stream(keys.sign("alice"), held=first.parts["web1"].hashes)
    assert node.send(delta).verdict == "applied"
    status = canonical.loads((node.home / "public/status.json").read_bytes())
    until(
        lambda: (
            set(canonical.loads((node.home / "public/status.json").read_bytes())["units"]) == {"db"}
        ),
        "web to go",
    )
    assert status["pid"] > 0


def test_a_unit_that_fails(node: Node, keys: Keys) -> None:
    bad = forge.line("web", command=["/nowhere"], restart="never")
    made = plan()
    failing = forge.Plan.of({"web": bad}, issued=made.issued, expires=made.expires)
    ack = node.send(failing.stream(keys.sign("alice")))
    assert (ack.verdict, ack.final) == ("failed", True)
    assert "ENOENT" in ack.spots["web"]["result"]
    assert node.held().lanes["main"].active == 0


def test_pm_dies_before_a_unit_that_the_plan_dropped_is_gone(node: Node, keys: Keys) -> None:
    first = plan()
    assert node.send(first.stream(keys.sign("alice"))).verdict == "applied"
    dropped = node.home / "units/db/parameter"
    line = dropped.read_bytes()
    after = first.after({"web": forge.line("web", ready=READY)})  # no files: nothing is waited for
    assert node.send(after.stream(keys.sign("alice"))).verdict == "applied"
    assert node.process is not None
    os.kill(node.process.pid, signal.SIGKILL)
    node.process.wait(60)
    until(lambda: not brood.marked(node.mark), "everything to be gone", 60)
    dropped.parent.mkdir()
    dropped.write_bytes(line)
    node.start()
    until(lambda: node.states() == {"web": "RUNNING"}, "only what is held to run")
    until(lambda: not dropped.exists(), "the rest to be cleared")


def test_pm_is_killed_and_comes_back_with_what_it_holds(node: Node, keys: Keys) -> None:
    first = plan()
    assert node.send(first.stream(keys.sign("alice"))).verdict == "applied"
    assert node.process is not None
    os.kill(node.process.pid, signal.SIGKILL)
    node.process.wait(60)
    until(lambda: not brood.marked(node.mark), "everything to be gone", 60)
    # A process that ends has no environment any more while its pipes are still being closed.
    until(lambda: node.call("send", "0" * 64, "0" * 16, "5").returncode == 3, "no reader")
    node.start()
    ack = until(lambda: node.send(first.stream(keys.sign("alice"))), "an answer")
    assert ack.verdict == "duplicate"
    following = first.after({"db": forge.line("db", ready=READY, nice=1)})
    assert node.send(following.stream(keys.sign("alice"))).verdict == "applied"
