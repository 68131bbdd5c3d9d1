"""A node that nobody can reach configures itself: it pulls what `enve-march --out` wrote."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.support.fleet import Fleet
from tests.support.lab import Lab, SshNode
from tests.support.wait import until

pytestmark = pytest.mark.real
UNREACHABLE = 4


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder, and the url under which it is to be had."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield tmp_path, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def node() -> Iterator[tuple[Fleet, SshNode]]:
    with Lab(1) as lab, Fleet(lab.folder, lab.nodes, user=lab.nodes[0].user) as fleet:
        machine = lab.nodes[0]
        fleet.keyholes = [{"key": "alice", "scope": "**", "lanes": ["main", "boot"]}]
        fleet.spots["pull"] = {"kinds": ["loader"], "user": machine.user}
        fleet.pms = {}
        fleet.write()
        fleet.deploy()
        yield fleet, machine


def test_from_a_web_server(node: tuple[Fleet, SshNode], shelf: tuple[Path, str]) -> None:
    fleet, machine = node
    folder, url = shelf
    loader = {"url": f"{url}/shop", "every": "1s", "jitter": "0s"}
    fleet.march(fleet.plan({"*.pull": {"loader": loader}}, "boot", lane="boot"))
    machine.stop()  # from now on no ssh leads there
    content = bytes(200_000)  # more than goes into a stream
    (fleet.folder / "large").write_bytes(content)
    spots = {"*.web": {"run": "sleep 86400", "files": {"large": "large"}}}
    file = fleet.folder / "shop.signed"
    fleet.march(fleet.plan(spots, "shop"), "--out", str(file), code=UNREACHABLE)
    file.rename(folder / "shop")
    placed = machine.state / "pm/spots/web/large"
    until(lambda: placed.exists() and placed.read_bytes() == content, "it to be placed", 60)
    machine.start()
    rows = fleet.rows()
    assert {name: row["state"] for name, row in rows.items()} == {
        "n1.pull": "RUNNING",
        "n1.web": "RUNNING",
    }
    assert "took main #1" in rows["n1.pull"]["detail"]
