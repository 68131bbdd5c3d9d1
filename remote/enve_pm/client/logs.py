"""`pm logs UNIT [-n N] [-f]`: what a unit printed, over the rotations, as it comes."""

from __future__ import annotations

import os
import sys
import time

from enve_pm.client import plain, read
from enve_pm.core.filename import quote
from enve_pm.shell import where, words
from enve_pm.shell.state import foreign
from enve_pm.shell.words import FAILED, OK, REFUSED, USAGE, Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

BLOCK = 65536
FAR = 1 << 30  # bytes that are looked through for the lines that were asked for
EVERY = 0.2  # seconds between two looks of -f
FLAGS = {**where.FLAGS, "-n": True, "-f": False}


def run(arguments: Sequence[str]) -> int:
    options, names = words.split(arguments, FLAGS)
    if len(names) != 1:
        raise Failure(USAGE, "wanted one unit: pm logs UNIT [-n LINES] [-f]")
    home, (*above, unit) = where.home(options), read.steps(names[0])
    path = f"{read.folder(home, above, 'log')}/{quote(unit)}.log"
    file = _open(path, names[0])
    if file < 0 and not os.path.isdir(read.folder(home, above, "units") + "/" + quote(unit)):
        raise read.unknown(home, names[0])
    out = plain.Output(sys.stdout.buffer)
    for data in last(path, int(words.number(options, "-n", 50))):
        out.write(data)
    if "-f" in options:
        for data in follow(path, file):
            out.write(data)
    return OK


def _open(path: str, unit: str) -> int:
    """The log, at its end; -1 where there is none. Raises Failure."""
    for name in (path, f"{path}.1", path):  # between two names while it is rotated
        try:
            fd = _read(name)
        except PermissionError:
            raise Failure(REFUSED, read.NOT_YOURS % ("the log of " + unit)) from None
        except foreign.Irregular as error:
            raise Failure(FAILED, f"the log of {unit}: {error}") from None
        except OSError:
            continue
        os.lseek(fd, 0, os.SEEK_END)
        return fd
    return -1


def _read(name: str) -> int:
    return foreign.regular(name)


def last(path: str, count: int, far: int = FAR) -> Iterator[bytes]:
    """The last lines over the log and its rotations, in order and in pieces: what lies in the last
    `far` bytes. Nothing is kept in memory: a log may be a stranger's."""
    for fd, begin in reversed(list(_files(path, count, far))):
        with open(fd, "rb") as file:
            file.seek(begin)
            yield from iter(lambda file=file: file.read(BLOCK), b"")  # type: ignore[misc]


def _files(path: str, count: int, far: int) -> Iterator[tuple[int, int]]:
    """The newest first: (descriptor, where the lines begin)."""
    seen: set[int] = set()
    number = gap = 0
    while count > 0 and far > 0 and gap < 2:  # a rotation under way leaves one name free
        name = f"{path}.{number}" if number else path
        number += 1
        try:
            fd = _read(name)
        except FileNotFoundError:
            gap += 1
            continue
        state = os.fstat(fd)
        if state.st_ino in seen:  # it has just been moved here
            os.close(fd)
            continue
        seen.add(state.st_ino)
        begin, found = _tail(fd, state.st_size, count, far)
        count, far = count - found, far - (state.st_size - begin)
        yield fd, begin


def _tail(fd: int, size: int, count: int, far: int) -> tuple[int, int]:
    """(where the last lines of one file begin, how many they are)."""
    found, at, end = 0, size, max(size - far, 0)
    while at > end:
        step = min(BLOCK, at - end)
        data = os.pread(fd, step, at - step)
        place = len(data)
        while (place := data.rfind(b"\n", 0, place)) >= 0:
            if at - step + place + 1 < size:  # a line begins behind it
                found += 1
            if found == count:
                return at - step + place + 1, found
        at -= step
    return end, found + (size > 0)


def follow(path: str, fd: int) -> Iterator[bytes]:
    """What is added from here on; a rotated log is read to its end, then the new one begins.
    `fd` -1: it begins with the first line."""
    while fd < 0:
        time.sleep(EVERY)
        fd = _next(path, fd)
    while True:
        data = os.read(fd, BLOCK)
        if data:
            yield data
        elif _rotated(path, fd):
            while rest := os.read(fd, BLOCK):  # what came between the last look and the rename
                yield rest
            fd = _next(path, fd)
        elif os.fstat(fd).st_size < os.lseek(fd, 0, os.SEEK_CUR):  # no old log is kept: the same
            os.lseek(fd, 0, os.SEEK_SET)  # file has begun anew
        else:
            time.sleep(EVERY)


def _next(path: str, fd: int) -> int:
    """The new log in the place of the one that was rotated; that one again, where the next
    rotation is under way."""
    try:
        new = _read(path)
    except FileNotFoundError:
        return fd
    if fd >= 0:
        os.close(fd)
    return new


def _rotated(path: str, fd: int) -> bool:
    try:
        return os.stat(path).st_ino != os.fstat(fd).st_ino
    except OSError:
        return False  # the new one is not there yet
