"""Each of the products that others have written, from its archive to an answer."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Callable
from contextlib import closing
from getpass import getuser
from pathlib import Path
from shutil import which

import pytest
from tests.fire.real.conftest import Laptop, port, profile
from tests.support import registry
from tests.support.mirror import Mirror
from tests.support.wait import until

pytestmark = [pytest.mark.real, pytest.mark.nightly]
Archive = Callable[[], Path]

SERVERS: dict[str, tuple[Archive, bytes, bytes]] = {
    "nginx": (lambda: registry.debian("nginx"), b"GET / HTTP/1.0\r\n\r\n", b"\r\n\r\nhello\n"),
    "redis": (lambda: registry.debian("redis"), b"PING\r\n", b"+PONG"),
    "dropbear": (lambda: registry.debian("dropbear"), b"", b"SSH-2.0-dropbear"),
}
PROGRAMS: dict[str, tuple[Archive, str]] = {
    "hello": (lambda: registry.debian("hello"), "Hello, world!"),
    "left-pad": (lambda: registry.npm("left-pad", "1.3.0"), "----x"),
    "uwsgi": (lambda: registry.sdist("uwsgi", "2.0.30"), "2.0.30"),
}


@pytest.mark.parametrize("name", SERVERS)
def test_a_server_answers(name: str, laptop: Laptop, mirror: Mirror) -> None:
    bring, question, answer = SERVERS[name]
    number = port()
    words = [mirror.archive(bring()), "-f", profile(name), "--set", f"port={number}"]
    if name == "nginx":  # its workers would have to reach our folder
        words += ["--set", f"user={getuser()}"]
    laptop.enve("setup", *words)
    daemon = laptop.start("run", *words)
    try:
        until(lambda: answer in _asked(number, question), f"{name} answers")
    finally:
        daemon.terminate()
        daemon.wait(20)
    assert not laptop.made("setup", *words)


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_says_who_it_is(name: str, laptop: Laptop, mirror: Mirror) -> None:
    if name == "left-pad" and not (which("node") and which("npm")):
        pytest.skip("needs node and npm")
    bring, told = PROGRAMS[name]
    words = [mirror.archive(bring()), "-f", profile(name)]
    assert told in laptop.enve("execute", *words).stdout
    assert not laptop.made("execute", *words)


def test_what_does_not_compile_shows_why(laptop: Laptop, mirror: Mirror) -> None:
    archive = mirror.archive(registry.debian("mini-httpd"))
    told = laptop.enve("build", archive, "-f", profile("mini-httpd"), status=82).stderr
    assert "make: *** [Makefile" in told
    assert "mini-httpd-1.30" in told
    log = Path(told.rpartition("all that was printed: ")[2].split()[0])
    assert "conflicting types" in log.read_text()


def test_a_tool_that_is_missing_is_named(laptop: Laptop, mirror: Mirror) -> None:
    if which("autoreconf"):
        pytest.skip("autoreconf is here")
    archive = mirror.archive(registry.debian("redir"))
    told = laptop.enve("build", archive, "-f", profile("redir"), status=82).stderr
    assert "autoreconf: not found" in told


def _asked(number: int, question: bytes) -> bytes:
    try:
        with closing(socket.create_connection(("127.0.0.1", number), 1)) as link:
            link.settimeout(2)
            link.sendall(question)
            return link.recv(1000)
    except (OSError, subprocess.SubprocessError):
        return b""
