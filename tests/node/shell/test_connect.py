"""Questions that pm asks itself, on real sockets."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any

import pytest
from tests.support.listener import Listener

from enve_pm.shell.events.loop import Loop
from enve_pm.shell.events.system import System, Whom
from enve_pm.shell.process.connect import LONGEST, Question, status

pytestmark = pytest.mark.real

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


def ask(folder: Path, wait: float = 10, whom: Whom | None = None, **body: Any) -> tuple[int, str]:
    """The answer; (-1, "") when there is none in time."""
    loop = Loop(System())
    found: list[tuple[int, str]] = []
    question = Question(loop, body, str(folder), lambda code, why: found.append((code, why)))
    question.begin(whom)
    end = loop.system.now() + int(wait * 1000)
    while not found and loop.system.now() < end:
        loop.turn(end)
    question.close()
    return found[0] if found else (-1, "")


def test_tcp(tmp_path: Path) -> None:
    with Listener() as there:
        assert ask(tmp_path, how="tcp", address=there.address) == (0, "")
    assert ask(tmp_path, how="tcp", address=there.address) == (1, "connection refused")


def test_unix_and_file(tmp_path: Path) -> None:
    with Listener(path=str(tmp_path / "s")):
        assert ask(tmp_path, how="unix", socket="s") == (0, "")
        assert ask(tmp_path, how="file", path="s") == (0, "")
    assert ask(tmp_path, how="unix", socket="s") == (1, "connection refused")
    assert ask(tmp_path, how="file", path="t") == (1, "no such file or directory")
    assert ask(tmp_path, how="file", path=str(tmp_path)) == (0, "")


ANSWERS = [
    (OK, (0, "")),
    (b"HTTP/1.0 301 Moved\r\n\r\n", (0, "")),
    (b"HTTP/1.1 503 Service Unavailable\r\n\r\n", (1, "503")),
    (b"HTTP/1.1 404\n", (1, "404")),
    (b"SSH-2.0-x\r\n", (1, "no http answer")),
    (b"x" * 10 * LONGEST, (1, "no http answer")),
    (b"HTTP/1.1 2x0 OK\r\n", (1, "no http answer")),
]


@pytest.mark.parametrize(("answer", "wanted"), ANSWERS)
def test_http(tmp_path: Path, answer: bytes, wanted: tuple[int, str]) -> None:
    with Listener(answer) as there:
        found = ask(tmp_path, how="http", url=f"http://{there.address}/a?b")
        assert found == wanted
    assert there.heard[0].startswith(f"GET /a?b HTTP/1.1\r\nHost: {there.address}\r\n".encode())


def test_one_that_hangs_up_and_one_that_says_nothing(tmp_path: Path) -> None:
    with Listener(b"") as there:
        url = f"http://{there.address}/"
        code, why = ask(tmp_path, how="http", url=url)
        assert code == 1
        assert why in ("no http answer", "connection reset by peer")
    with Listener(None) as there:
        assert ask(tmp_path, 0.3, how="http", url=f"http://{there.address}/") == (-1, "")


def test_what_the_kernel_refuses(tmp_path: Path) -> None:
    code, why = ask(tmp_path, how="unix", socket="x" * 100)
    assert (code, why) == (1, "no such file or directory") or "too long" in why


@pytest.mark.skipif(os.getuid() != 0, reason="only root's pm has units of other users")
def test_it_asks_with_the_rights_of_the_user(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    daemon = Whom(1, 1, [])
    with Listener(path=str(tmp_path / "s")):
        for body in ({"how": "unix", "socket": "s"}, {"how": "file", "path": "s"}):
            assert ask(tmp_path, whom=daemon, **body) == (1, "permission denied")
    assert (os.geteuid(), os.getegid()) == (0, 0)
    with Listener() as there:
        assert ask(tmp_path, whom=daemon, how="tcp", address=there.address) == (0, "")


@pytest.mark.skipif(os.getuid() != 0, reason="only root's pm has units of other users")
def test_who_asks_is_seen_to_be_the_user(tmp_path: Path) -> None:
    path = f"/tmp/enve-test-{os.getpid()}.s"
    with socket.socket(socket.AF_UNIX) as there:
        there.bind(path)
        os.chmod(path, 0o777)  # noqa: PTH101, S103
        there.listen(1)
        assert ask(tmp_path, whom=Whom(1, 1, []), how="unix", socket=path) == (0, "")
        one, _ = there.accept()
        with one:
            raw = one.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
        assert int.from_bytes(raw[4:8], "little") == 1
    Path(path).unlink()


def test_status() -> None:
    assert status(b"HTTP/1.1 200 OK\r\n") == 200
    assert status(b"") == status(b"HTTP/1.1") == status(b"HTTP/2 200\r\n") == 0
