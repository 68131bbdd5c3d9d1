"""Loaders of every bad kind beside a good one, while pm dies again and again."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.node.trust import forge
from tests.node.trust.bench import Keys
from tests.node.trust.livenode import READY, Node, plan
from tests.node.trust.test_loaders import loader, told
from tests.support.wait import until

pytestmark = [pytest.mark.real, pytest.mark.nightly]
DEATHS = 20
BAD = {
    "hangs": {"command": ["sleep", "1000"]},
    "garbage": {"command": ["head", "-c", "100000", "/dev/urandom"]},
    "floods": {"command": ["yes"], "size": 1 << 20},
    "fails": {"command": ["false"]},
    "missing": {"command": ["/no/such/program"]},
    "forks": {"command": ["sh", "-c", "setsid sleep 1000 & setsid sleep 1000"]},
}


@pytest.fixture(scope="module")
def keys() -> Iterator[Keys]:
    made = Keys(["alice", "mallory"])
    yield made
    made.home.close()


@pytest.fixture
def trickle() -> Iterator[str]:
    """The url of a server that gives a byte every 50 ms, for ever."""
    server = socket.create_server(("127.0.0.1", 0))
    ended = threading.Event()

    def drip(peer: socket.socket) -> None:
        with peer:
            try:
                peer.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                while not ended.wait(0.05):
                    peer.sendall(b"x")
            except OSError:
                pass

    def serve() -> None:
        while not ended.is_set():
            try:
                peer, _ = server.accept()
            except OSError:
                return
            threading.Thread(target=drip, args=(peer,), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    yield f"http://127.0.0.1:{server.getsockname()[1]}/"
    ended.set()
    server.close()


def test_a_good_one_among_bad_ones(keys: Keys, tmp_path: Path, trickle: str) -> None:
    forged, good = tmp_path / "forged", tmp_path / "good"
    forged.write_bytes(plan().stream(keys.sign("mallory")))
    bodies = {**BAD, "forged": {"file": str(forged)}, "trickle": {"url": trickle}}
    kinds = {"kinds": ["loader", "process"]}
    spots = {"web": {}, **dict.fromkeys([*bodies, "pull"], kinds)}
    node = Node(tmp_path, keys)
    keyhole = forge.keyhole(keys["alice"], lanes=["main", "boot"])
    node.lay(forge.blueprint([keyhole], pms={}, spots=spots))
    lines = {name: loader(name, 4000, **body) for name, body in bodies.items()}
    lines["pull"] = loader("pull", file=str(good))
    first = plan()
    boot = forge.Plan.of(lines, lane="boot", issued=first.issued, expires=first.expires)
    made = first.after({"web": forge.line("web", ready=READY)})
    node.start()
    try:
        assert node.send(boot.stream(keys.sign("alice"))).verdict == "applied"
        for _ in range(DEATHS):
            good.write_bytes(made.stream(keys.sign("alice")))
            serial = made.serial
            until(lambda: node.held().lanes.get("main", first).serial == serial, "the good one")  # noqa: B023
            made = made.after({"web": forge.line("web", ready=READY, nice=serial % 9)})
            assert node.process is not None
            os.kill(int(node.status()["pid"]), 9)
            node.process.wait(60)
            node.start()
        told(node, "it is not done in time", "trickle")
        told(node, "it is not done in time", "hangs")
        told(node, "refused (keyhole)", "forged")
        time.sleep(1)
        assert set(node.states().values()) == {"RUNNING"}
    finally:
        node.end()
