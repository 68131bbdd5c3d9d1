"""`march`, the writer on the node: under dash and busybox, against a reader of real frames."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from tests.support import fakehost
from tests.support.wait import until

from enve.app.collect import command
from enve.core import nodepaths
from enve.host.become import plain
from enve_pm.hostinit import writer
from enve_pm.wire import frame, record

pytestmark = pytest.mark.real
SHELLS = [
    pytest.param(words, id=words[-2] if len(words) > 1 else words[0])
    for words in (["dash"], ["busybox", "sh"], ["bash", "--posix"])
    if shutil.which(words[0])
]
DATA = b"a stream\n" * 500
SHA = sha256(DATA).hexdigest()
NONCE = b"nonce--1"
HEX = NONCE.hex()


def ack(verdict: str, final: bool, nonce: str = HEX) -> record.Ack:
    return record.Ack(final, nonce, verdict, "", 'says "final":true', 1, "main", {})


class Node:
    """A HOME with a fifo, and the writer's text for it."""

    def __init__(self, path: Path, shell: Sequence[str]) -> None:
        self.home, self.run = path / "home", path / "it's run"
        for folder in (self.home / "public" / "acks", self.run / "lease", self.run / "inbox"):
            folder.mkdir(parents=True)
        (self.home / "public" / "sub").mkdir()
        self.pipe = self.run / "default.pipe"
        self.shell = list(shell)
        self.march = path / "march"
        self.march.write_text(writer.text(str(self.home), str(self.pipe)))

    def command(self, *words: str) -> list[str]:
        return [*self.shell, str(self.march), *words]

    def ask(self, *words: str, data: bytes = b"", **env: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            self.command(*words),
            input=data,
            capture_output=True,
            check=False,
            timeout=120,
            env={"PATH": os.environ["PATH"], **env},
        )

    def put(self, name: str, value: record.Ack) -> None:
        new = self.home / "public" / ".new"
        new.write_bytes(record.encode_ack(value))
        new.rename(self.home / "public" / "acks" / name)


class Reader:
    """Stands in pm's place: assembles frames and answers with what the test wants."""

    def __init__(self, node: Node, answer: Callable[[frame.Whole], None]) -> None:
        os.mkfifo(node.pipe)
        self.fd = os.open(node.pipe, os.O_RDWR | os.O_NONBLOCK)
        self.assembler = frame.Assembler()
        self.answer = answer
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._read)
        self.thread.start()

    def _read(self) -> None:
        while not self.over.wait(0.005):
            try:
                data = os.read(self.fd, 65536)
            except BlockingIOError:
                continue
            for event in self.assembler.feed(data, 0):
                self.answer(event)

    def close(self) -> None:
        self.over.set()
        self.thread.join()
        os.close(self.fd)


@pytest.fixture(params=SHELLS)
def node(request: pytest.FixtureRequest, tmp_path: Path) -> Node:
    return Node(tmp_path, request.param)


@pytest.fixture
def read(node: Node) -> Iterator[Callable[[Callable[[frame.Whole], None]], Reader]]:
    readers: list[Reader] = []

    def start(answer: Callable[[frame.Whole], None]) -> Reader:
        readers.append(Reader(node, answer))
        return readers[-1]

    yield start
    for one in readers:
        one.close()


Read = Callable[[Callable[[frame.Whole], None]], Reader]


def test_send(node: Node, read: Read) -> None:
    def answer(event: frame.Whole) -> None:
        assert (event.sha, event.data, event.nonce) == (SHA, DATA, NONCE)
        node.put(SHA, ack("applied", True, "00" * 8))  # of somebody else's attempt
        time.sleep(0.1)
        node.put(SHA, ack("accepted", False))
        time.sleep(0.3)
        node.put(SHA, ack("applied", True))

    reader = read(answer)
    done = node.ask("send", SHA, HEX, "30", data=frame.encode(DATA, NONCE))
    assert done.returncode == 0, done.stderr
    acks = [record.parse_ack(line) for line in done.stdout.splitlines()]
    assert [one.verdict for one in acks] == ["accepted", "applied"]
    assert reader.assembler.skipped == 0


def test_input_in_odd_pieces_goes_out_in_whole_frames(node: Node, read: Read) -> None:
    reader = read(lambda event: node.put(event.sha, ack("duplicate", True)))
    process = subprocess.Popen(
        node.command("send", SHA, HEX, "30"), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdin is not None
    framed = frame.encode(DATA, NONCE)
    for at in range(0, len(framed), 777):
        process.stdin.write(framed[at : at + 777])
        process.stdin.flush()
        time.sleep(0.002)
    out, _ = process.communicate(timeout=60)
    assert record.parse_ack(out).verdict == "duplicate"
    assert reader.assembler.skipped == reader.assembler.ignored == 0


def test_busy_is_answered_under_the_claimed_name(node: Node, read: Read) -> None:
    read(lambda event: node.put(SHA[:16], ack("busy", True)))
    done = node.ask("send", SHA, HEX, "30", data=frame.encode(DATA, NONCE))
    assert record.parse_ack(done.stdout).verdict == "busy"


def test_ack_asks_again(node: Node) -> None:
    node.put(SHA, ack("rejected", True))
    done = node.ask("ack", SHA, HEX, "30")
    assert (done.returncode, record.parse_ack(done.stdout).verdict) == (0, "rejected")
    assert node.ask("ack", SHA, "11" * 8, "0").returncode == 124
    node.put(SHA, ack("accepted", False))
    done = node.ask("ack", SHA, HEX, "1")
    assert (done.returncode, record.parse_ack(done.stdout).verdict) == (124, "accepted")


def test_no_pipe_no_reader_no_answer(node: Node) -> None:
    def send(seconds: str = "2") -> subprocess.CompletedProcess[bytes]:
        return node.ask("send", SHA, HEX, seconds, data=frame.encode(DATA, NONCE))

    assert (send().returncode, send().stderr) == (3, b"pipe missing\n")
    node.pipe.write_text("a regular file")
    assert (send().returncode, send().stderr) == (3, b"pipe missing\n")
    assert node.pipe.read_text() == "a regular file"
    node.pipe.unlink()
    os.mkfifo(node.pipe)
    done = send()
    assert (done.returncode, done.stderr) == (3, b"pm down\n")


def test_a_reader_that_never_answers(node: Node, read: Read) -> None:
    read(lambda event: None)
    began = time.monotonic()
    done = node.ask("send", SHA, HEX, "2", data=frame.encode(DATA, NONCE))
    assert (done.returncode, done.stdout) == (124, b"")
    assert time.monotonic() - began < 60


def test_a_pipe_that_is_full(node: Node) -> None:
    os.mkfifo(node.pipe)
    fd = os.open(node.pipe, os.O_RDWR | os.O_NONBLOCK)
    try:
        done = node.ask("send", SHA, HEX, "2", data=frame.encode(DATA * 100, NONCE))
        assert done.returncode == 124
        assert len(os.read(fd, 1 << 20)) % frame.SIZE == 0
    finally:
        os.close(fd)


# -- lease ----------------------------------------------------------------------------------------
class Session:
    """A writer that goes on until its stdin ends, as over ssh."""

    def __init__(self, node: Node, *words: str) -> None:
        self.shown = False
        self.process = subprocess.Popen(
            node.command(*words), stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def line(self) -> bytes:
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def lines(self) -> list[bytes]:
        """What it shows until it only waits; nothing when it has shown it before."""
        found: list[bytes] = []
        while not self.shown and (line := self.line()):
            self.shown = line == b"== end\n"
            found.append(line)
        return found

    def end(self) -> int:
        self.lines()
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.stdout.close()
        return self.process.wait(60)


def test_lease(node: Node) -> None:
    held = Session(node, "lease", "main", "alice\n on 'laptop'; $(id)")
    assert held.line() == b"lease ok\n"
    assert b"== held\n" in held.lines()
    done = node.ask("lease", "main", "bob")
    assert (done.returncode, done.stdout) == (6, b"lease held alice on 'laptop'; $(id)\n")
    other = Session(node, "lease", "other", "bob")
    assert other.line() == b"lease ok\n"
    assert other.end() == 0
    assert held.end() == 0
    again = Session(node, "lease", "main", "bob")
    assert again.line() == b"lease ok\n"
    again.lines()
    again.process.kill()  # the shell dies; what it left ends with the session
    again.end()
    last = Session(node, "lease", "main", "carol")
    assert until(last.line, "the lease") == b"lease ok\n"
    last.end()


def test_look(node: Node) -> None:
    status = (
        b'{"boot":"b","hash":"h","pid":%d,"start":1,"units":{"a":{"pid":7}},"v":1}\n' % os.getpid()
    )
    (node.home / "public/status.json").write_bytes(status)
    (node.home / "public/held.json").write_bytes(b'{"v":1}\n')
    (node.home / "public/sub/tenants.json").write_bytes(b'{"v":2}\n')
    done = node.ask("look")
    lines = done.stdout.split(b"\n")
    found = {lines[n][3:]: lines[n + 1] for n in range(0, len(lines) - 1, 2)}
    assert list(found) == [
        b"uname",
        b"now",
        b"boot",
        b"pm",
        b"disk",
        b"status",
        b"held",
        b"sub tenants",
    ]
    assert found[b"status"] + b"\n" == status
    assert found[b"sub tenants"] == b'{"v":2}'
    assert found[b"pm"].startswith(b"%d (" % os.getpid())
    assert abs(int(found[b"now"]) - time.time()) < 100
    assert found[b"boot"] == Path("/proc/sys/kernel/random/boot_id").read_bytes().strip()


def test_look_says_that_states_are_of_an_earlier_moment(node: Node) -> None:
    path = node.home / "public/status.json"
    path.write_bytes(b"{}\n")
    assert b"== disk\n-\n" in node.ask("look").stdout
    path.chmod(0o1644)
    assert b"== disk\noutdated\n" in node.ask("look").stdout


def test_look_at_nothing(node: Node) -> None:
    done = node.ask("look")
    assert (done.returncode, done.stderr) == (0, b"")
    for section in (b"== pm\n-\n", b"== status\n-\n", b"== held\n-\n"):
        assert section in done.stdout


# -- put ------------------------------------------------------------------------------------------
def test_put(node: Node) -> None:
    inbox = node.run / "inbox"
    data = os.urandom(100_000)
    done = node.ask("put", SHA, "100000", data=data)
    assert done.returncode == 0, done.stderr
    assert (inbox / SHA).read_bytes() == data
    assert (inbox / SHA).stat().st_mode & 0o777 == 0o600
    done = node.ask("put", SHA, "100001", data=b"x" * 100_000)
    assert (done.returncode, b"incomplete" in done.stderr) == (3, True)
    assert (inbox / SHA).read_bytes() == data
    assert [path.name for path in inbox.iterdir()] == [SHA]


# -- what is not understood -----------------------------------------------------------------------
@pytest.mark.parametrize(
    "words",
    [
        (),
        ("help",),
        ("look", "x"),
        ("lease", "main"),
        ("lease", "../x", "me"),
        ("lease", "", "me"),
        ("lease", "a b", "me"),
        ("send", SHA, HEX),
        ("send", SHA[:-1], HEX, "1"),
        ("send", SHA.upper(), HEX, "1"),
        ("send", SHA, HEX + "0", "1"),
        ("send", SHA, HEX, "-1"),
        ("send", SHA, HEX, "1; id"),
        ("send", SHA, HEX, ""),
        ("send", SHA, HEX, "1" * 16),
        ("ack", "../" + SHA[3:], HEX, "1"),
        ("put", SHA, "x"),
        ("put", "/etc/passwd", "1"),
        ("put", SHA, "1", "2"),
    ],
    ids=" ".join,
)
def test_usage(words: tuple[str, ...], node: Node) -> None:
    done = node.ask(*words)
    assert (done.returncode, done.stdout) == (64, b"")
    assert done.stderr.startswith(b"march: wanted ")


def test_as_a_forced_command_of_the_controller(node: Node) -> None:
    """The very lines that listings and marches send."""
    site = replace(fakehost.node("n1"), install="system")

    def ask(line: str) -> subprocess.CompletedProcess[bytes]:
        return node.ask(SSH_ORIGINAL_COMMAND=plain(line))

    assert ask(command(site)).stdout.startswith(b"== uname\n")
    march = nodepaths.of(site).march
    words = shlex.quote("alice's laptop, 2nd floor")
    assert ask(f"exec {march} lease main {words}").stdout.startswith(b"lease ok\n")
    node.put(SHA, ack("rejected", True))
    assert ask(f"exec {march} ack {SHA} {HEX} 1").returncode == 0


def test_as_a_forced_command(node: Node) -> None:
    def ask(text: str) -> subprocess.CompletedProcess[bytes]:
        return node.ask(SSH_ORIGINAL_COMMAND=text)

    assert ask("/var/pm/march look").stdout.startswith(b"== uname\n")
    assert ask("exec '/var/pm/march' look").stdout.startswith(b"== uname\n")
    assert ask("march lease main 'alice on laptop'").stdout.startswith(b"lease ok\n")
    node.put(SHA, ack("rejected", True))
    assert ask(f"march ack {SHA} {HEX} 1").returncode == 0
    for text in (
        "sh -c id",
        "march look; id",
        "march look `id`",
        "$(id)",
        "march *",
        "cat /etc/passwd",
    ):
        done = ask(text)
        assert (done.returncode, done.stdout) == (64, b""), text


def test_the_text_is_clean(tmp_path: Path) -> None:
    path = tmp_path / "march"
    path.write_text(writer.text("/var/opt/pm", "/var/pm/default.pipe"))
    for dialect in ("sh", "dash"):
        done = subprocess.run(
            ["shellcheck", "-s", dialect, str(path)], capture_output=True, text=True, check=False
        )
        assert done.stdout == ""
