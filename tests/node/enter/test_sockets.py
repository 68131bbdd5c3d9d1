"""Sockets that pm holds: no restart closes them, and nobody who connects is turned away."""

from __future__ import annotations

import os
import socket
import stat
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.box import Box, line
from tests.support.wait import until

pytestmark = pytest.mark.real

# Answers each connection with its own pid, by the first socket that it is given; asked to end, it
# first finishes what it has begun.
SERVER = """
import os, select, signal, socket
assert os.environ["LISTEN_PID"] == str(os.getpid()), os.environ["LISTEN_PID"]
listener = socket.socket(fileno=3)
end, wake = os.pipe()
os.set_blocking(wake, False)
signal.set_wakeup_fd(wake)
signal.signal(signal.SIGTERM, lambda *_: None)
while end not in select.select([listener, end], [], [])[0]:
    connection, _ = listener.accept()
    connection.sendall(f"{os.getpid()} {os.environ['LISTEN_FDNAMES']}".encode())
    connection.close()
"""


@pytest.fixture
def box() -> Iterator[Box]:
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        with Box(Path(name)) as box:
            for folder in (box.home, box.home / "spots"):
                folder.chmod(0o711)
            yield box


@pytest.fixture
def port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def server(port: int, **keys: Any) -> dict[str, Any]:
    sockets = {"http": {"listen": f"127.0.0.1:{port}"}}
    return line("web", **{"command": ["python3", "-c", SERVER], "sockets": sockets, **keys})


def ask(port: int) -> list[str]:
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.settimeout(30)
        return connection.recv(100).decode().split()


def refuses(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except ConnectionRefusedError:
        return True
    return False


def test_it_is_given_what_pm_listens_on(box: Box, port: int) -> None:
    box.load(server(port))
    assert ask(port) == [str(box.unit("web")["pid"]), "http"]


def test_nobody_is_turned_away_during_restarts(box: Box, port: int) -> None:
    box.load(server(port))
    pids, over = set(), threading.Event()

    def clients() -> None:
        while not over.is_set():
            pids.add(ask(port)[0])

    thread = threading.Thread(target=clients)
    thread.start()
    for _ in range(3):
        before = box.unit("web")["pid"]
        box.order("restart", "web")
        assert box.unit("web")["pid"] != before
    box.order("reexec")
    box.order("restart", "web")
    over.set()
    thread.join(30)
    assert not thread.is_alive() and len(pids) >= 4


def test_who_connects_while_it_is_down_is_served_when_it_is_up(box: Box, port: int) -> None:
    box.load(server(port, command=["sh", "-c", "exit 1"], restart="never"), status=3)
    with socket.create_connection(("127.0.0.1", port), timeout=30) as early:
        box.load(server(port))
        assert early.recv(100).decode().split()[0] == str(box.unit("web")["pid"])


def test_it_is_closed_when_the_unit_is_stopped_or_goes(box: Box, port: int) -> None:
    box.load(server(port))
    box.order("stop", "web")
    until(lambda: refuses(port), "the socket to be closed")
    box.order("start", "web")
    assert ask(port)
    box.load()
    until(lambda: refuses(port), "the socket to be closed")


def test_another_one_takes_its_place(box: Box, port: int) -> None:
    box.load(server(port))
    path = box.home / "spots/web/own.sock"
    box.load(server(port, sockets={"api": {"listen": "own.sock", "mode": 0o600}}))
    assert refuses(port)
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(30)
        client.connect(str(path))
        assert client.recv(100).decode().split() == [str(box.unit("web")["pid"]), "api"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    box.load(line("web"))
    assert not path.exists()


def test_several_with_their_names_in_order(box: Box, port: int) -> None:
    script = (
        "import os, socket\n"
        "names = os.environ['LISTEN_FDNAMES'].split(':')\n"
        "assert len(names) == int(os.environ['LISTEN_FDS'])\n"
        "for n, name in enumerate(names, 3):\n"
        "    s = socket.socket(fileno=n); print(name, s.family.name, s.type.name, flush=True)\n"
        "os.write(6, b'\\n'); import time; time.sleep(1000)\n"
    )
    sockets = {
        "a": {"listen": f"127.0.0.1:{port}", "type": "datagram"},
        "b": {"listen": f"[::1]:{port}"},
        "c": {"listen": "c.sock", "type": "datagram"},
    }
    keys: dict[str, Any] = {"command": ["python3", "-c", script], "ready": {"how": "fd", "fd": 6}}
    box.load(line("web", sockets=sockets, **keys))
    wanted = "a AF_INET SOCK_DGRAM\nb AF_INET6 SOCK_STREAM\nc AF_UNIX SOCK_DGRAM\n"
    log = box.home / "log/web.log"
    until(lambda: log.exists() and log.read_text() == wanted, "all three")


def test_what_an_earlier_pm_left_is_no_obstacle(box: Box) -> None:
    unit = line("web", sockets={"api": {"listen": "own.sock"}})
    box.load(unit)
    path = box.home / "spots/web/own.sock"
    before = path.stat().st_ino
    box.kill()
    box.wait("web", "RUNNING")
    assert path.stat().st_ino != before or path.is_socket()


def test_a_port_that_is_taken_is_told(box: Box, port: int) -> None:
    with socket.create_server(("127.0.0.1", port)):
        box.load(server(port, restart="never"), status=3)
    assert box.unit("web")["result"] == f"sockets:http: 127.0.0.1:{port}: Address already in use"


def test_a_port_of_datagrams_is_one_units(box: Box, port: int) -> None:
    sockets = {"a": {"listen": f"127.0.0.1:{port}", "type": "datagram"}}
    box.load(line("first", sockets=sockets))
    box.load(
        line("first", sockets=sockets), line("second", sockets=sockets, restart="never"), status=3
    )
    assert box.unit("second")["result"] == f"sockets:a: 127.0.0.1:{port}: Address already in use"


if os.getuid() == 0:

    def test_a_low_port_for_an_ordinary_user_without_a_network(box: Box) -> None:
        """pm listens, the process has nothing else."""
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            low = next(n for n in range(900, 1000) if probe.connect_ex(("127.0.0.1", n)))
        keys: dict[str, Any] = {"user": "daemon", "net": "none", "namespaces": ["pid"]}
        box.load(server(low, **keys))
        assert ask(low) == ["1", "http"], "its own number, in its own namespace"

    def test_a_path_is_made_with_the_users_rights(box: Box) -> None:
        closed = box.home.parent / "closed"
        closed.mkdir(mode=0o700)
        lay = ["sh", "-c", f"ln -sfn {closed} way; exec sleep 1000"]
        box.load(line("web", user="daemon", command=lay))
        until((box.home / "spots/web/way").is_symlink, "the link")
        sockets = {"api": {"listen": "way/x.sock"}}
        box.load(line("web", user="daemon", sockets=sockets, restart="never"), status=3)
        assert box.unit("web")["result"] == "sockets:api: way/x.sock: Permission denied"
        assert list(closed.iterdir()) == []
