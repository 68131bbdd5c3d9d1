"""Loaders on a real pm: streams from a file, a url and a command, and nothing is sent to it."""

from __future__ import annotations

import json
import os
import tempfile
import threading
from collections.abc import Iterator
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from tests.node.trust import forge
from tests.node.trust.bench import Keys
from tests.node.trust.livenode import READY, Node, plan
from tests.support.box import installed
from tests.support.interpreter import python_for
from tests.support.wait import until

pytestmark = pytest.mark.real
SPOTS = {
    "web": {},
    "db": {},
    "pull": {"kinds": ["loader", "process"]},
    "second": {"kinds": ["loader", "process"]},
}


@pytest.fixture(scope="module")
def keys() -> Iterator[Keys]:
    made = Keys(["alice", "mallory"])
    yield made
    made.home.close()


@pytest.fixture
def node(keys: Keys, tmp_path: Path) -> Iterator[Node]:
    made = Node(tmp_path, keys, spots=SPOTS)
    made.start()
    yield made
    made.end()


class Server(ThreadingHTTPServer):
    """`pages`: path -> what it gives, or a code, or where it sends to. `asked`: what came."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.pages: dict[str, bytes | int | str] = {}
        self.asked: list[tuple[str, int]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def codes(self, path: str) -> list[int]:
        return [code for asked, code in self.asked if asked == path]


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        page = self.server.pages.get(self.path, 404)
        mark = ""
        if isinstance(page, bytes):
            mark = f'"{sha256(page).hexdigest()}"'
            page = 304 if self.headers.get("If-None-Match") == mark else page
        code = page if isinstance(page, int) else 302 if isinstance(page, str) else 200
        self.server.asked.append((self.path, code))
        self.send_response(code)
        self.send_header("ETag", mark)
        if isinstance(page, str):
            self.send_header("Location", page)
        body = page if isinstance(page, bytes) else b""
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nobody reads it."""


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as made:
        thread = threading.Thread(target=made.serve_forever)
        thread.start()
        yield made
        made.shutdown()
        thread.join()


def loader(name: str = "pull", start_timeout: int = 60_000, **body: Any) -> str:
    body = {"every": 1000, "jitter": 0, **body}
    return forge.line(name, kind="loader", loader=body, start_timeout=start_timeout)


def begin(node: Node, keys: Keys, *loaders: str) -> forge.Plan:
    """The loaders, in a lane of their own."""
    lines = {json.loads(text)["name"]: text for text in loaders}
    made = plan()
    first = forge.Plan.of(lines, lane="boot", issued=made.issued, expires=made.expires)
    ack = node.send(first.stream(keys.sign("alice")))
    assert ack.verdict == "applied", ack
    return first


def told(node: Node, words: str, name: str = "pull") -> dict[str, Any]:
    def look() -> dict[str, Any]:
        unit: dict[str, Any] = node.status()["units"].get(name, {})
        return unit if words in unit.get("detail", "") else {}

    try:
        return until(look, f"{name} to say {words!r}")
    except AssertionError as error:
        raise AssertionError(
            f"{error}: {node.status()['units'].get(name)}; {node.pm('logs', name).stdout}"
        ) from None


@pytest.fixture
def node_keys(node: Node, keys: Keys) -> None:
    """Both lanes are alice's."""
    keyhole = forge.keyhole(keys["alice"], lanes=["main", "boot"])
    node.lay(forge.blueprint([keyhole], pms={}, spots=SPOTS))


@pytest.mark.usefixtures("node_keys")
def test_from_a_url(node: Node, keys: Keys, server: Server) -> None:
    first = plan()
    server.pages["/plan"] = forge.plan_file(first, [keys.sign("alice")], [b"one\n"])
    begin(node, keys, loader(url=server.url + "/plan"))
    told(node, "took main #1")
    until(lambda: node.states().get("web") == "RUNNING", "the plan to run")
    assert (node.home / "spots/web/conf").read_text() == "one\n"
    until(lambda: 304 in server.codes("/plan"), "it to ask for news")
    told(node, "nothing new: not modified")
    newer = first.after({"db": forge.line("db", ready=READY)})
    server.pages["/plan"] = newer.stream(keys.sign("alice"))
    told(node, "took main #2")
    until(lambda: "web" not in node.states(), "what it drops to go")
    server.pages["/plan"] = first.stream(keys.sign("alice"))
    told(node, "nothing new: serial 1 is older than the held 2")
    assert node.status()["units"]["pull"]["result"] == "ok"


@pytest.mark.usefixtures("node_keys")
def test_what_is_bad_is_named_and_keeps_nobody_waiting(
    node: Node, keys: Keys, server: Server, tmp_path: Path
) -> None:
    file = tmp_path / "plan"
    server.pages["/plan"] = plan().stream(keys.sign("mallory"))
    begin(node, keys, loader(url=server.url + "/plan"), loader("second", file=str(file)))
    unit = told(node, "refused (keyhole): no keyhole here")
    assert (unit["state"], unit["result"]) == ("RUNNING", "exit:1")
    why = node.pm("why", "pull").stdout
    assert "refused (keyhole)" in why
    assert "to look now: pm recheck pull" in why
    told(node, f"there is no {file}", "second")
    assert node.states() == {"pull": "RUNNING", "second": "RUNNING"}
    file.write_bytes(plan().stream(keys.sign("alice")))
    told(node, "took main #1", "second")
    server.pages["/plan"] = plan(b"other\n").after({}).stream(keys.sign("alice"))
    assert node.pm("recheck", "pull").returncode in (0, 3)
    told(node, "refused (stale-base)")  # another history
    server.pages["/plan"] = b"<html>"
    node.pm("recheck", "pull")
    told(node, "wanted a signed stream")
    server.pages["/plan"] = "file:///etc/passwd"
    node.pm("recheck", "pull")
    told(node, "302 a redirect that is not followed")
    server.pages["/plan"] = "ftp://127.0.0.1/plan"
    node.pm("recheck", "pull")
    told(node, "a redirect to another scheme is not followed")
    server.pages["/plan"] = "/plan"
    node.pm("recheck", "pull")
    told(node, "302")
    server.pages["/plan"] = 503
    node.pm("recheck", "pull")
    told(node, "503 Service Unavailable")
    server.pages["/plan"] = bytes(3 << 20)
    node.pm("recheck", "pull")
    told(node, "wanted a signed stream")


@pytest.mark.usefixtures("node_keys")
def test_from_a_command(node: Node, keys: Keys, tmp_path: Path) -> None:
    file, script = tmp_path / "plan", tmp_path / "script"
    file.write_bytes(plan().stream(keys.sign("alice")))
    script.write_text("echo looking >&2")
    begin(node, keys, loader(command=["sh", str(script)], size=65_536))
    told(node, "nothing new: sh printed nothing")
    script.write_text(f"cat {file}; exit 3")
    node.pm("recheck", "pull")
    told(node, "sh ended with 3")
    script.write_text(f"[ -z \"$(ls /proc/self/fd | grep '^[4-9]')\" ] && cat {file}")
    node.pm("recheck", "pull")
    told(node, "took main #1")
    script.write_text("yes")
    node.pm("recheck", "pull")
    told(node, "it printed more than")
    assert "looking" in node.pm("logs", "pull").stdout


@pytest.mark.usefixtures("node_keys")
@pytest.mark.parametrize("most", [400, 10])  # the second one has no time to say so itself
def test_one_that_does_not_come_to_an_end(node: Node, keys: Keys, most: int) -> None:
    begin(node, keys, loader(command=["sleep", "1000"], start_timeout=most))
    told(node, "it is not done in time")


@pytest.mark.usefixtures("node_keys")
def test_over_a_change_of_program_and_a_death(node: Node, keys: Keys, tmp_path: Path) -> None:
    file = tmp_path / "plan"
    begin(node, keys, loader(file=str(file)))
    told(node, "there is no")
    assert node.pm("reexec").returncode == 0
    first = plan()
    file.write_bytes(first.stream(keys.sign("alice")))
    told(node, "took main #1")
    assert node.process is not None
    os.kill(int(node.status()["pid"]), 9)
    node.process.wait(60)
    node.start()
    told(node, "nothing new: main #1 is held")
    file.write_bytes(first.after({}).stream(keys.sign("alice")))
    told(node, "took main #2")


@pytest.mark.usefixtures("node_keys")
def test_what_was_set_by_hand_stays(node: Node, keys: Keys, tmp_path: Path) -> None:
    """A march asks about that; here nobody was asked."""
    file = tmp_path / "plan"
    begin(node, keys, loader(file=str(file)))
    first = plan()
    file.write_bytes(first.stream(keys.sign("alice")))
    until(lambda: node.states().get("db") == "RUNNING", "the plan to run")
    assert node.pm("stop", "web").returncode == 0
    newer = first.after({name: forge.line(name, ready=READY, nice=1) for name in ("web", "db")})
    file.write_bytes(newer.stream(keys.sign("alice")))
    told(node, "took main #2")
    until(lambda: "nice" in node.pm("cat", "db").stdout, "the newer one to be in force")
    web = node.status()["units"]["web"]
    assert (web["state"], web["want"], web["drift"]) == ("STOPPED", "down", True)
    assert node.send(
        newer.after({"web": forge.line("web", ready=READY)}).stream(keys.sign("alice"))
    )
    until(lambda: node.states().get("web") == "RUNNING", "a march to set it back")


@pytest.mark.usefixtures("node_keys")
def test_it_goes_with_its_plan(node: Node, keys: Keys, tmp_path: Path) -> None:
    begin(node, keys, loader(command=["sleep", "1000"])).after({})
    node.pm("stop", "pull")
    assert node.states() == {"pull": "STOPPED"}
    node.pm("start", "pull")
    until(lambda: node.states() == {"pull": "RUNNING"}, "it to be armed")


@pytest.mark.parametrize(
    ("kinds", "body", "why"),
    [
        (["process"], {"file": "/a"}, "kind loader is above"),
        (["loader"], {"command": ["date"]}, "loader.command date is above"),
        (["loader"], {"file": "/a"}, ""),
    ],
)
def test_who_may_place_one(
    node: Node, keys: Keys, kinds: list[str], body: dict[str, Any], why: str
) -> None:
    keyhole = forge.keyhole(keys["alice"])
    node.lay(forge.blueprint([keyhole], pms={}, spots={"pull": {"kinds": kinds}}))
    made = plan()
    lines = {"pull": loader(**body)}
    sent = forge.Plan.of(lines, issued=made.issued, expires=made.expires)
    ack = node.send(sent.stream(keys.sign("alice")))
    assert (ack.code, ack.verdict) == (("ceiling", "rejected") if why else ("", "applied"))
    assert why in ack.reason


@pytest.mark.skipif(os.getuid() != 0, reason="only root's pm has units of others")
def test_it_has_the_rights_of_its_spot_and_no_more(keys: Keys) -> None:
    """Down to what it leaves for pm: nothing of another user's is read for it."""
    with tempfile.TemporaryDirectory(prefix="enve-loader-") as root:
        folder = Path(root)
        folder.chmod(0o755)
        node = Node(folder, keys)
        node.python, node.program = python_for("daemon"), installed()
        ceiling = {"kinds": ["loader", "process"], "user": "daemon", "read_only": True}
        keyhole = forge.keyhole(keys["alice"], lanes=["main", "boot"])
        spots = {"web": {}, "pull": {**ceiling, "no_new_privs": True}}
        node.lay(forge.blueprint([keyhole], pms={}, spots=spots))
        secret, writable = folder / "secret", folder / "writable"
        secret.write_bytes(b"precious")
        secret.chmod(0o600)
        writable.mkdir()
        writable.chmod(0o777)
        name = {"sha256": sha256(b"precious").hexdigest(), "size": 8, "mode": 0o600}
        made = plan().after({"web": forge.line("web", ready=READY, files={"stolen": name})})
        file = folder / "plan"
        file.write_bytes(made.stream(keys.sign("alice")))
        script = folder / "script"
        script.write_text(
            f"id -un >&2; grep NoNewPrivs /proc/self/status >&2; cat {secret} >&2\n"
            f"touch {writable}/x; ln -s {secret} .inbox/{name['sha256']}; cat {file}\n"
        )
        try:
            node.start()
            for path in (node.home, node.home / "spots"):
                path.chmod(0o711)  # as in a system install
            begin(node, keys, loader(command=["sh", str(script)]))
            told(node, "refused (blob)")
            log = node.pm("logs", "pull").stdout
            assert "daemon\n" in log
            assert "NoNewPrivs:\t1" in log
            assert "precious" not in log
            assert not list(writable.iterdir())
        finally:
            node.end()
