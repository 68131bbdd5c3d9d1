"""Sixty-four writers at once into a real fifo: what each sent whole arrives once, and whole."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from enve_pm.wire.frame import Assembler, Whole

pytestmark = pytest.mark.real
WRITER = Path(__file__).with_name("fifo_writer.py")
REMOTE = Path(__file__).parents[3] / "remote"
WRITERS = 64


def start(pipe: Path, number: int, streams: int, kind: str) -> subprocess.Popen[bytes]:
    words = [sys.executable, str(WRITER), str(pipe), str(number), str(streams), kind]
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(REMOTE)}
    return subprocess.Popen(words, env=env)


def kind(number: int) -> str:
    return {0: "killed", 1: "garbage", 2: "torn"}.get(number % 8, "good")


@pytest.mark.parametrize(
    "streams",
    [pytest.param(20, id="commit"), pytest.param(200, id="nightly", marks=pytest.mark.nightly)],
)
def test_many_writers(streams: int, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    fd = os.open(pipe, os.O_RDWR | os.O_NONBLOCK)
    processes = [start(pipe, number, streams, kind(number)) for number in range(WRITERS)]
    assembler, got, poll = Assembler(), Counter[bytes](), select.poll()
    poll.register(fd, select.POLLIN)
    while True:
        over = all(process.poll() is not None for process in processes)
        if not poll.poll(100):
            if over:
                break
            continue
        for event in assembler.feed(os.read(fd, 1 << 18), 0):
            assert isinstance(event, Whole)
            got[b" ".join(event.data.split(b" ")[:2])] += 1
            assert event.data.lstrip(b"0123456789").split(b" ", 2)[2].strip(b"x") == b""
    os.close(fd)
    assert set(got.values()) == {1}
    for number, process in enumerate(processes):
        mine = sum(key.startswith(b"%d " % number) for key in got)
        whole = streams if kind(number) != "torn" else 0
        assert mine >= (streams - 1 if kind(number) == "killed" else whole)
        assert process.returncode == (9 if kind(number) == "killed" and mine < streams else 0)
    assert assembler.skipped > 0
