"""A command to a running pm, and its answer."""

from __future__ import annotations

import itertools
import os
import stat
import time

from enve_pm.shell.state.foreign import regular
from enve_pm.shell.words import DEADLINE, FAILED, REFUSED, USAGE, Failure
from enve_pm.wire import command

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_COUNT = itertools.count()
FIRST = 0.0005  # seconds before the first look for the answer; each further pause is longer
LONGEST = 0.05
ALIVE_EVERY = 1.0  # seconds between two looks whether pm is still there
FULL = 2.0  # seconds to wait for room in a full pipe
ANSWER = 32  # bytes of a retcode, at most
MESSAGE = 65536


def new_job() -> str:
    """An id that no other client picks."""
    return f"c{time.time_ns():x}-{os.getpid():x}-{next(_COUNT)}"


def lines(verb: str, flags: Sequence[str], units: Sequence[str]) -> list[tuple[str, bytes]]:
    """The command as (job, line), in as few lines as its units need. Raises Failure (64)."""
    stem = new_job()
    try:
        return _pack(stem, verb, list(flags), list(units))
    except command.CommandError as error:
        raise Failure(USAGE, str(error)) from None


def _pack(stem: str, verb: str, flags: list[str], units: list[str]) -> list[tuple[str, bytes]]:
    packed: list[tuple[str, bytes]] = []
    batch: list[str] = []
    line = command.encode(f"{stem}-0", verb, flags)
    for unit in units:
        try:
            longer = command.encode(f"{stem}-{len(packed)}", verb, [*flags, *batch, unit])
        except command.CommandError:
            if not batch:
                raise
            packed.append((f"{stem}-{len(packed)}", line))
            batch = []
            longer = command.encode(f"{stem}-{len(packed)}", verb, [*flags, unit])
        batch.append(unit)
        line = longer
    return [*packed, (f"{stem}-{len(packed)}", line)]


def open_input(home: str) -> int:
    """The owner's pipe, for writing. Raises Failure: 3 pm is not running, 5 not the owner."""
    path = f"{home}/input"
    try:
        fd = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    except PermissionError:
        raise Failure(
            REFUSED, f"you are not the owner of pm in {home}; use its login, or sudo"
        ) from None
    except OSError:
        raise Failure(
            FAILED, f"pm is not running in {home}; start it with: pm host start"
        ) from None
    if not stat.S_ISFIFO(os.fstat(fd).st_mode):
        os.close(fd)
        raise Failure(FAILED, f"{path} is no fifo; remove it and start pm again")
    return fd


def send(home: str, line: bytes) -> None:
    """Write one line: whole or not at all. Raises Failure."""
    fd = open_input(home)
    end = time.monotonic() + FULL
    try:
        while True:
            try:
                os.write(fd, line)
                return
            except BlockingIOError:
                if time.monotonic() > end:
                    raise Failure(FAILED, "pm does not read its pipe: it hangs") from None
                time.sleep(0.01)
            except BrokenPipeError:
                raise Failure(FAILED, f"pm in {home} ended just now") from None
    finally:
        os.close(fd)


def follow(home: str, job: str, seconds: float, look: Callable[[], None]) -> tuple[int, str]:
    """Wait for a job's end: (retcode, message). `look` is called between two looks, to show
    progress. Raises Failure when pm is gone, or (124) past the deadline."""
    begin = time.monotonic()
    pause, alive = FIRST, begin
    while True:
        code = _retcode(home, job)
        if code is not None:
            return code, _message(home, job)
        now = time.monotonic()
        if now - begin > seconds:
            raise Failure(DEADLINE, _late(home, job, seconds))
        if now - alive > ALIVE_EVERY:
            os.close(open_input(home))
            alive = now
        look()
        time.sleep(pause)
        pause = min(LONGEST, pause * 1.5)


def _late(home: str, job: str, seconds: float) -> str:
    """pm does what it can without a disk, but it answers through files."""
    state = os.statvfs(home)
    if state.f_bavail == 0 or (state.f_files and state.f_favail == 0):
        return f"no answer after {seconds:g} s: the disk of {home} is full; make room there"
    return f"not done after {seconds:g} s; pm goes on with it ({job})"


def _retcode(home: str, job: str) -> int | None:
    try:
        with open(regular(f"{home}/jobs/{job}/retcode"), "rb") as file:
            data = file.read(ANSWER)
    except FileNotFoundError:
        return None
    try:
        return int(data) if data.endswith(b"\n") else None
    except ValueError:
        return FAILED


def _message(home: str, job: str) -> str:
    try:
        with open(regular(f"{home}/jobs/{job}/message"), "rb") as file:
            return file.read(MESSAGE).decode("utf-8", "replace").strip()
    except OSError:
        return ""
