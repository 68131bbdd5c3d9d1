"""Who is at the other end of an operator's terminal may be anybody."""

from __future__ import annotations

import os
import pty
import resource
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.node.terminal.test_attach import LEAVE, holder, join, shell
from tests.support.box import Box, line
from tests.support.wait import until

from enve_pm.shell.terminal.terminalwords import JOIN, OUTPUT

pytestmark = [pytest.mark.real, pytest.mark.host]
KEPT = 'read said <&2; echo "got $said" >got'  # by one who stays when his command has ended


@pytest.fixture
def box() -> Iterator[Box]:
    with tempfile.TemporaryDirectory() as name, Box(Path(name)) as box:
        yield box


def door(box: Box) -> Path:
    """Where the holder listens, when it does."""
    path = box.home / "terminals/socket"

    def listens() -> bool:
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as mine:
            return mine.connect_ex(str(path)) == 0

    until(listens, "the holder")
    return path


def test_who_is_not_read_keeps_nobody(box: Box) -> None:
    box.load(shell())
    with join(box, "sh") as mine:
        mine.until("ready> ")
        held = holder(box)
        os.kill(held, signal.SIGSTOP)
        try:
            for _ in range(1500):  # more messages than a socket takes
                mine.type("x")
            mine.type(LEAVE)
            assert mine.end(20) == 0
        finally:
            os.kill(held, signal.SIGCONT)


def test_nobody_who_listens_is_waited_for(box: Box) -> None:
    box.load(shell())
    path = door(box)
    path.unlink()
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as forged:
        forged.bind(str(path))
        forged.listen(0)
        first = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        first.connect(str(path))  # now its queue is full
        done = box.pm("attach", "sh", "--read-only", timeout=20)
        first.close()
    assert (done.returncode, "nothing holds the terminal" in done.stderr) == (3, True), done.stderr


@pytest.mark.parametrize("word", [b"Eabc x", b"E" + b"9" * 6000, b"E7 \x1b]0;title\x07", b"Z", b""])
def test_no_last_word_is_trusted(box: Box, word: bytes) -> None:
    box.load(shell())
    path = door(box)
    path.unlink()
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as forged:
        forged.bind(str(path))
        forged.listen(1)
        argv = box._argv(["attach", "sh", "--read-only"])
        with subprocess.Popen(argv, env=box._env(), stderr=subprocess.PIPE, text=True) as mine:
            other = forged.accept()[0]
            other.send(word)
            other.close()
            said = mine.communicate(timeout=20)[1]
    assert mine.returncode == 3
    assert said.startswith("pm: ")
    assert "\x1b" not in said


@contextmanager
def watching(box: Box, size: str = "8\n8") -> Iterator[None]:
    """Somebody has joined: the holder is there, and at rest."""
    path = door(box)
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as mine:
        mine.connect(str(path))
        mine.send(JOIN + f"sh\n{size}\nwatch".encode())
        assert mine.recv(4096)[:1] == OUTPUT
        yield


def test_a_size_that_is_none_ends_no_holder(box: Box) -> None:
    box.load(shell())
    with watching(box):
        held = holder(box)
    with watching(box, "²\n8"):
        assert holder(box) == held


def test_who_cannot_be_let_in_is_turned_away(box: Box) -> None:
    box.load(shell())
    path = door(box)

    def let_in() -> bool:
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as mine:
            mine.connect(str(path))
            mine.settimeout(1)
            try:
                return bool(mine.recv(1))
            except TimeoutError:
                return True

    def full() -> bool:
        """It may have no more descriptors than it has now. (A guest who has gone just then has left
        his to the next one.)"""
        count = len(list(Path(f"/proc/{holder(box)}/fd").iterdir()))
        resource.prlimit(holder(box), resource.RLIMIT_NOFILE, (count, count + 9))
        return not let_in() and not let_in()

    until(full, "it to be full")
    done = box.pm("attach", "sh", "--read-only", timeout=20)
    assert (done.returncode, "the terminal is gone" in done.stderr) == (3, True), done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's pm has other users")
@pytest.mark.parametrize("theirs", [1, 2])
def test_a_command_gets_no_terminal_of_ours(box: Box, theirs: int) -> None:
    for folder in (box.home.parent, box.home, box.home / "spots"):
        folder.chmod(0o755)
    box.load(line("web", user="daemon"))
    mine, other = pty.openpty()
    text = f"echo out; exec 2>&{theirs}; setsid sh -c '{KEPT}' & exit 7"
    files: dict[str, int] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL}
    files |= {"stderr": subprocess.DEVNULL, ("stdout", "stderr")[theirs - 1]: other}
    argv = box._argv(["enter", "web", "--", "sh", "-c", text])
    done = subprocess.run(argv, env=box._env(), timeout=30, check=False, **files)  # type: ignore[call-overload]
    assert done.returncode == 7
    os.write(mine, b"my password\n")
    got = box.home / "spots/web/got"
    until(lambda: got.exists() and got.read_text(), "the one who stays to end")
    assert got.read_text() == "got \n"
    shown = os.read(mine, 4096).decode()
    assert ("out\r\n" in shown) == (theirs == 1)
    os.close(mine)
    os.close(other)
