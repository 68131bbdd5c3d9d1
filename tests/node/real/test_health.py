"""Health, readiness by asking, and the watchdog, on a real pm with real listeners."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.box import Box, line
from tests.support.listener import Listener
from tests.support.wait import until

pytestmark = pytest.mark.real

OK = b"HTTP/1.1 200 OK\r\n\r\n"


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    with Box(tmp_path) as box:
        yield box


def well(how: str, **keys: Any) -> dict[str, Any]:
    return {"health": {"how": how, "every": 100, "failures": 2, **keys}}


def result(box: Box, name: str, wanted: str) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        unit = box.unit(name)
        return unit if unit.get("result") == wanted else None

    return until(look, f"{name} to be {wanted}") or {}


def restarted(box: Box, name: str, before: int) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        unit = box.unit(name)
        return unit if unit["state"] == "RUNNING" and unit["pid"] != before else None

    return until(look, f"{name} to be restarted") or {}


# -- health ---------------------------------------------------------------------------------------
def test_a_port_that_nobody_listens_at_any_more(box: Box) -> None:
    there = Listener()
    box.load(line("web", **well("tcp", address=there.address)))
    pid = box.unit("web")["pid"]
    box.order("recheck", "web")
    there.close()
    wanted = f"health:tcp {there.address}: connection refused"
    seen: list[str] = []
    until(lambda: seen.append(box.unit("web")["result"]) or wanted in seen, wanted)
    restarted(box, "web", pid)
    with Listener(port=there.port):
        unit = result(box, "web", "ok")
        assert unit["restarts"] >= 1


def test_it_is_only_reported(box: Box) -> None:
    with Listener(b"HTTP/1.1 500 Oops\r\n\r\n") as there:
        url = f"http://{there.address}/health"
        box.load(line("web", **well("http", url=url, on_failure="report")))
        pid = box.unit("web")["pid"]
        unit = result(box, "web", f"health:http {url}: 500")
        assert (unit["state"], unit["pid"], unit["restarts"]) == ("RUNNING", pid, 0)
        box.order("recheck", "web", status=3)
        there.answer = OK
        result(box, "web", "ok")


def test_one_that_says_nothing(box: Box) -> None:
    with Listener(None) as there:
        health = well("http", url=f"http://{there.address}/", timeout=200, on_failure="report")
        box.load(line("web", **health))
        result(box, "web", f"health:http http://{there.address}/: timeout")


def test_by_a_command_and_by_a_file(box: Box) -> None:
    mark = box.home / "spots/web/sick"
    command = ["sh", "-c", "! test -e sick"]
    box.load(
        line("web", **well("command", command=command), restart="never"),
        line("file", **well("file", path="there", on_failure="report")),
    )
    result(box, "file", "health:file there: no such file or directory")
    (box.home / "spots/file/there").touch()
    result(box, "file", "ok")
    mark.touch()
    unit = box.wait("web", "FAIL")
    assert unit["result"] == "health:exit:1"


def test_a_process_with_many_checks_is_ended_with_a_pm_that_died(box: Box) -> None:
    """Its own job is kept, however many came after it."""
    box.load(line("web", **well("command", command=["sh", "-c", "printf x >>checks"], every=100)))
    checks = box.home / "spots/web/checks"
    until(lambda: checks.exists() and len(checks.read_text()) > 20, "twenty checks")
    pid = box.unit("web")["pid"]
    jobs = [job for job in (box.home / "jobs").iterdir() if (job / "pid").exists()]
    assert any((job / "pid").read_text().split()[0] == str(pid) for job in jobs)


def test_over_a_change_of_program(box: Box) -> None:
    with Listener(None) as there:
        health = well("http", url=f"http://{there.address}/", timeout=5000, failures=1)
        box.load(line("web", **health))
        pid = box.unit("web")["pid"]
        until(lambda: there._held, "a check that is under way")
        box.order("reexec", str(box.program.parent))
        until(lambda: len(there._held) > 1, "the next program to ask again")
        there.answer = OK
        assert box.unit("web")["pid"] == pid


# -- readiness ------------------------------------------------------------------------------------
def test_ready_when_the_port_is_there(box: Box) -> None:
    with Listener() as first:
        port = first.port
    serve = [sys.executable, "-c", SERVE, str(port)]
    box.load(
        line("web", command=serve, ready={"how": "tcp", "address": f"127.0.0.1:{port}"}),
        line("user", needs=["web"]),
    )
    assert box.unit("web")["state"] == box.unit("user")["state"] == "RUNNING"


SERVE = """
import socket, sys, time
time.sleep(0.3)
s = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True: s.accept()[0].close()
"""


def test_never_ready(box: Box) -> None:
    ready = {"how": "unix", "socket": "app.sock"}
    box.load(line("web", ready=ready, start_timeout=400, restart="never"), status=3)
    unit = box.unit("web")
    assert (unit["state"], unit["result"]) == ("STARTING_FAIL", "timeout")
    assert unit["detail"] == "unix app.sock: no such file or directory"


# -- watchdog -------------------------------------------------------------------------------------
ALIVE = """
import os, socket, sys, time
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.connect("\\0" + os.environ["NOTIFY_SOCKET"][1:])
assert os.environ["WATCHDOG_PID"] == str(os.getpid())
every = int(os.environ["WATCHDOG_USEC"]) / 4e6
s.send(b"READY=1")
while not os.path.exists("hang"):
    s.send(b"WATCHDOG=1")
    time.sleep(min(every, 0.1))
if os.path.exists("trouble"):
    s.send(b"WATCHDOG=trigger")
os.remove("hang")
time.sleep(1000)
"""


def guarded(**keys: Any) -> dict[str, Any]:
    command = [sys.executable, "-c", ALIVE]
    return line("web", command=command, ready={"how": "notify"}, watchdog=400, **keys)


def test_one_that_does_not_say_any_more_that_it_is_alive(box: Box) -> None:
    box.load(guarded())
    pid = box.unit("web")["pid"]
    box.order("reexec", str(box.program.parent))
    (box.home / "spots/web/hang").touch()
    assert restarted(box, "web", pid)["restarts"] == 1
    box.load(guarded(restart="never"))
    (box.home / "spots/web/hang").touch()
    assert box.wait("web", "FAIL")["result"] == "watchdog:no ping within 400 ms"


def test_one_that_says_itself_that_it_is_in_trouble(box: Box) -> None:
    (box.home / "spots/web").mkdir()
    (box.home / "spots/web/trouble").touch()
    box.load({**guarded(restart="never"), "watchdog": 20_000})
    (box.home / "spots/web/hang").touch()
    assert box.wait("web", "FAIL")["result"] == "watchdog:it says so itself"


def test_a_watched_command_that_is_not_there(box: Box) -> None:
    box.load({**guarded(restart="never"), "command": ["/no/such/program"]}, status=3)
    assert box.unit("web")["result"] == "exec:ENOENT"


def test_a_folder_that_is_not_there_is_named(box: Box) -> None:
    box.load({**guarded(restart="never"), "cwd": "/no/such/folder"}, status=3)
    unit = box.unit("web")
    assert (unit["result"], unit["detail"]) == ("cwd:ENOENT", "/no/such/folder")
