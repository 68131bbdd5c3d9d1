"""`pm logs UNIT [-n N] [-f]`: what a unit printed, over the rotations, as it comes."""

from __future__ import annotations

import os
import sys
import time

from enve_pm.core import address
from enve_pm.core.filename import quote
from enve_pm.shell import where, words
from enve_pm.shell.words import OK, REFUSED, USAGE, Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

BLOCK = 65536
EVERY = 0.2  # seconds between two looks of -f
FLAGS = {**where.FLAGS, "-n": True, "-f": False}


def run(arguments: Sequence[str]) -> int:
    options, names = words.split(arguments, FLAGS)
    if len(names) != 1:
        raise Failure(USAGE, "wanted one unit: pm logs UNIT [-n LINES] [-f]")
    path = _path(where.home(options), names[0])
    out = sys.stdout.buffer
    file = _open(path)
    for line in last(path, int(words.number(options, "-n", 50))):
        out.write(line)
    out.flush()
    if "-f" in options:
        for data in follow(path, file):
            out.write(data)
            out.flush()
    return OK


def _path(home: str, name: str) -> str:
    try:
        *above, unit = address.parse(name)
    except address.AddressError as error:
        raise Failure(USAGE, str(error)) from None
    return f"{where.nested(home, above)}/log/{quote(unit)}.log"


def _open(path: str) -> int:
    """The log, at its end. Raises Failure where there is none."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except PermissionError:
        raise Failure(REFUSED, f"{path} is not yours to read; use its owner's login") from None
    except OSError:
        raise Failure(USAGE, f"no log at {path}: no such unit, or it has not printed yet") from None
    os.lseek(fd, 0, os.SEEK_END)
    return fd


def last(path: str, count: int) -> list[bytes]:
    """The last lines over the log and its rotations, in order."""
    lines: list[bytes] = []
    number = 0
    while len(lines) < count:
        name = f"{path}.{number}" if number else path
        if not os.path.exists(name):
            break
        lines = _tail(name, count - len(lines)) + lines
        number += 1
    return lines


def _tail(path: str, count: int) -> list[bytes]:
    """The last lines of one file, read from its end."""
    with open(path, "rb") as file:
        at = file.seek(0, os.SEEK_END)
        data = b""
        while at and data.count(b"\n") <= count:
            step = min(BLOCK, at)
            at = file.seek(at - step)
            data = file.read(step) + data
    lines = data.splitlines(keepends=True)
    return lines[-count:] if count else []


def follow(path: str, fd: int) -> Iterator[bytes]:
    """What is added from here on; a rotated log is read to its end, then the new one begins."""
    while True:
        data = os.read(fd, BLOCK)
        if data:
            yield data
        elif _rotated(path, fd):
            while rest := os.read(fd, BLOCK):  # what came between the last look and the rename
                yield rest
            fd = _next(path, fd)
        else:
            time.sleep(EVERY)


def _next(path: str, fd: int) -> int:
    """The new log in the place of the one that was rotated; that one again, where the next
    rotation is under way."""
    try:
        new = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return fd
    os.close(fd)
    return new


def _rotated(path: str, fd: int) -> bool:
    try:
        return os.stat(path).st_ino != os.fstat(fd).st_ino
    except OSError:
        return False  # the new one is not there yet
