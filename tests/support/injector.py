"""Faults at chosen system calls of a running process, by strace's `inject` (strace(1)).

Calls are counted for each name from the moment of attaching: (name, number) is a point.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

KILL = "signal=KILL"
MET = ("(INJECTED)", "+++ killed by SIGKILL +++")  # what strace writes where it has struck
CALL = re.compile(r"^([a-z][a-z0-9_]*)\(")
# Calls that only look at the clock or at ourselves: nothing of the world depends on them.
QUIET = frozenset(("getpid", "gettid", "getuid", "geteuid", "getgid", "getegid", "clock_gettime"))
# Which calls may fail so (errno(3)); each is tried where the process makes them.
ERRORS = {
    "ENOSPC": ("openat", "write", "mkdir", "mkdirat", "rename", "renameat", "fsync", "symlink"),
    "EIO": ("read", "write", "openat", "fsync", "rename", "unlink", "getdents64", "newfstatat"),
    "EMFILE": ("openat", "pipe2", "memfd_create", "dup", "socket", "epoll_create1", "pidfd_open"),
    "EINTR": (
        "read",
        "write",
        "openat",
        "wait4",
        "epoll_wait",
        "fsync",
    ),  # close is never asked again
}


class Point(NamedTuple):
    """The `number`th call of this name (from 1) fails so: KILL, or `error=ENOSPC`."""

    call: str
    number: int
    fault: str

    def __str__(self) -> str:
        return f"{self.call}:{self.number}:{self.fault.partition('=')[2]}"


@contextmanager
def traced(pid: int, *options: str) -> Iterator[None]:
    """Within, every thread of `pid` is traced, but none of its children."""
    argv = ["strace", "-qq", *options, "-p", str(pid)]
    with subprocess.Popen(argv, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE) as strace:
        try:
            _attached(pid, strace.pid)
            yield
        finally:
            strace.terminate()
            strace.wait(30)


def _attached(pid: int, tracer: int) -> None:
    from tests.support.wait import until

    def attached() -> bool:
        try:
            return f"TracerPid:\t{tracer}\n" in Path(f"/proc/{pid}/status").read_text()
        except FileNotFoundError:
            return True  # killed already, at its very first call

    until(attached, "strace to be attached")


@contextmanager
def counted(pid: int, log: Path) -> Iterator[Counter[str]]:
    """The calls that `pid` makes within, by name; to be read afterwards."""
    found: Counter[str] = Counter()
    with traced(pid, "-o", str(log)):
        yield found
    matches = map(CALL.match, log.read_text(errors="replace").splitlines())
    found.update(match[1] for match in matches if match and match[1] not in QUIET)


@contextmanager
def injected(pid: int, point: Point, log: Path) -> Iterator[None]:
    """Within, one call of `pid` fails; `log`: for `met`, afterwards."""
    inject = f"inject={point.call}:{point.fault}:when={point.number}"
    shown = ("-e", f"trace={point.call}", "-e", "signal=KILL")
    with traced(pid, "-o", str(log), *shown, "-e", inject):
        yield


def met(log: Path) -> bool:
    """Whether the process came to the point: a run may have fewer calls than the counted one."""
    text = log.read_text(errors="replace")
    return any(word in text for word in MET)


def points(calls: Counter[str]) -> list[Point]:
    """Every point where a run with these calls can be killed, and where one of them can fail."""
    kills = [Point(call, n, KILL) for call in sorted(calls) for n in range(1, calls[call] + 1)]
    fails = [
        Point(call, n, f"error={error}")
        for error, names in sorted(ERRORS.items())
        for call in names
        for n in range(1, calls[call] + 1)
    ]
    return [*kills, *fails]


def share(found: list[Point], piece: int, pieces: int) -> list[Point]:
    """One piece of them. A point is in the same piece for whoever counts a few calls more or less,
    so all pieces together are all points, though each has counted for itself."""

    def place(point: Point) -> int:
        return point.number + crc32(f"{point.call} {point.fault}".encode())

    return [point for point in found if place(point) % pieces == piece]


def spread(found: list[Point], most: int) -> list[Point]:
    """So many of them, evenly over all."""
    step = max(1, -(-len(found) // most))
    return found[step // 2 :: step]


@cache
def refusal() -> str:
    """Why this host cannot trace, or nothing."""
    if shutil.which("strace") is None:
        return "no strace (package strace)"
    words = ["strace", "-qq", "-o", "/dev/null", "-e", "inject=getppid:error=EIO:when=1"]
    program = "import os; os.getppid()"
    done = subprocess.run([*words, sys.executable, "-c", program], capture_output=True, check=False)
    return done.stderr.decode().strip() if done.returncode else ""
