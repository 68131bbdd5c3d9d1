from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.node.shell.fake import FakeSystem

from enve_pm.shell.events.light import socket
from enve_pm.shell.events.loop import Loop
from enve_pm.shell.log.logger import OPEN, Log, Logger
from enve_pm.shell.log.logpipe import RETRY, LogPipes, join
from enve_pm.shell.log.logwords import BATCH


def pieces(path: Path) -> list[bytes]:
    """The files of a log, oldest first."""
    old = sorted(path.parent.glob(path.name + ".*"), key=lambda p: -int(p.suffix[1:]))
    return [p.read_bytes() for p in [*old, path] if p.exists()]


def test_lines_are_kept_whole_at_a_rotation(tmp_path: Path) -> None:
    log = Log(-1, str(tmp_path / "a.log"), 4096, 3)
    for number in range(400):
        log.add(b"%032d\n" % number)
    found = pieces(tmp_path / "a.log")
    assert len(found) == 4
    assert all(piece.endswith(b"\n") and len(piece) <= 4096 for piece in found)
    assert b"".join(found) == b"".join(b"%032d\n" % n for n in range(400))


def test_the_oldest_file_goes(tmp_path: Path) -> None:
    log = Log(-1, str(tmp_path / "a.log"), 4096, 1)
    log.add(b"%04095d\n" * 5 % (1, 2, 3, 4, 5))
    assert [piece[-2:-1] for piece in pieces(tmp_path / "a.log")] == [b"4", b"5"]


def test_keep_nothing_starts_anew(tmp_path: Path) -> None:
    log = Log(-1, str(tmp_path / "a.log"), 4096, 0)
    log.add(b"%04095d\n" * 3 % (1, 2, 3))
    assert [piece[-2:-1] for piece in pieces(tmp_path / "a.log")] == [b"3"]


def test_a_file_that_is_there_is_continued(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_bytes(b"x" * 4000 + b"\n")
    log = Log(-1, str(tmp_path / "a.log"), 4096, 2)
    log.add(b"y" * 200 + b"\n")
    assert [len(piece) for piece in pieces(tmp_path / "a.log")] == [4001, 201]


@settings(max_examples=60)
@given(st.lists(st.binary(max_size=9000), max_size=8))
def test_nothing_is_lost_or_changed(
    tmp_path_factory: pytest.TempPathFactory, data: list[bytes]
) -> None:
    path = tmp_path_factory.mktemp("log") / "a.log"
    log = Log(-1, str(path), 16384, 16)
    for chunk in data:
        log.add(chunk)
    log.close()
    found = pieces(path)
    assert b"".join(found) == b"".join(data)
    assert all(len(piece) <= 16384 for piece in found)


def test_no_more_small_ones_are_kept_than_a_rotation_can_afford(tmp_path: Path) -> None:
    log = Log(-1, str(tmp_path / "a.log"), 1024, 1000)
    log.add(b"%04095d\n" * 9 % tuple(range(9)))
    assert [piece[-2:-1] for piece in pieces(tmp_path / "a.log")] == [b"4", b"5", b"6", b"7", b"8"]


def test_output_that_the_disk_does_not_take_is_counted_and_told(tmp_path: Path) -> None:
    folder = tmp_path / "gone"
    log = Log(-1, str(folder / "a.log"), 4096, 1)
    log.add(b"lost\n")
    assert log.lost == 5
    folder.mkdir()
    log.add(b"kept\n")
    text = (folder / "a.log").read_bytes()
    assert text.startswith(b"[5 bytes lost") and text.endswith(b"\nkept\n")
    assert log.lost == 0


@contextmanager
def no_longer_than(size: int) -> Iterator[None]:
    """No file may be: what goes beyond is refused, as by a disk that gets full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_what_the_disk_takes_of_it_is_not_lost_and_the_gap_has_a_line_of_its_own(
    tmp_path: Path,
) -> None:
    log = Log(-1, str(tmp_path / "a.log"), 1 << 20, 1)
    with no_longer_than(6000):
        log.add(b"%04999d\n" % 1)
        log.add(b"%04999d\n" % 2)
        log.add(b"%09d\n" % 3)
        assert log.lost == 4010
    with no_longer_than(6010):
        log.add(b"%09d\n" % 4)
        assert log.lost == 4020, "a word of the gap that is cut short counts for nothing"
    log.add(b"kept\n")
    rows = (tmp_path / "a.log").read_bytes().splitlines()
    assert [len(row) for row in rows[:2]] == [4999, 1000]
    assert rows[2].startswith(b"[4010 byt") and rows[3].startswith(b"[4020 bytes lost: ")
    assert rows[4:] == [b"kept"]
    assert log.lost == 0


def test_a_link_in_the_place_of_the_log_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"")
    (tmp_path / "a.log").symlink_to(tmp_path / "secret")
    log = Log(-1, str(tmp_path / "a.log"), 4096, 1)
    log.add(b"text\n")
    assert (tmp_path / "secret").read_bytes() == b""
    assert log.lost == 5


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_of_many_logs_few_files_are_open(tmp_path: Path) -> None:
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    logger = Logger(its)
    pipes = {f"u{number}": join(*os.pipe()) for number in range(2 * OPEN)}
    before = descriptors()
    for name, pipe in pipes.items():
        logger._take(name, pipe, str(tmp_path / name), 4096, 1)
    for word in (b"one\n", b"two\n"):
        for pipe in pipes.values():
            os.write(pipe, word)
            logger._pump(pipe)
        assert descriptors() - before == OPEN
    assert {(tmp_path / name).read_bytes() for name in pipes} == {b"one\ntwo\n"}
    for pipe in pipes.values():
        logger._drop(pipe)
    assert descriptors() == before - len(pipes)
    ours.close()
    its.close()


def test_it_is_told_of_many_logs_with_long_paths(tmp_path: Path) -> None:
    """A new one hears of all at once, in as many messages as that takes."""
    system = FakeSystem()
    loop = Loop(system)
    logs = LogPipes(loop, ["false"], lambda unit: f"/{'d' * 3000}/{unit}")
    logs._channel, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    logs._channel.setblocking(False)
    logger = Logger(its)
    names = [f"u{number}" for number in range(2 * BATCH)]
    for name in names:
        logs.writer(name, 4096, 1)
    while logs._news:
        system.time += RETRY
        loop.turn(system.time)
        logger._hear()
    its.setblocking(False)
    with suppress(BlockingIOError):
        while logger._hear():
            pass
    assert [*logger._names] == names
    assert {len(log._path) for log in logger._logs.values()} == {3004, 3005, 3006}
    for name in names:
        logs.drop(name)
        logger._drop(logger._names[name])
    logs._channel.close()
    its.close()
