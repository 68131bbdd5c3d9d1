"""HOME/feed/NAME: what the parent places for a sub-pm to read, and nothing that the sub-pm writes.

    SHA256.plan   definitions: canonical {"lines":{NAME: line},"v":1}, named by their hash
    SHA256        blobs that these lines name, copied from the parent's store

The folder is the parent's, 0750, group: that of the sub-pm's user. The files are that user's alone,
0400: others may have the same group, and plans hold secrets. `fill` is done by a branch of the
parent; stdin: rows `SHA256 SIZE`, stderr: a row for each that could not be had.
"""

from __future__ import annotations

import os
import sys

from enve_pm.core.canonical import dumps, loads
from enve_pm.core.digest import sha256
from enve_pm.core.refusal import FormatError
from enve_pm.shell.product.ingest import asked
from enve_pm.shell.state.handle import write_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SUFFIX = ".plan"
LARGEST = 4 << 20  # bytes of definitions
PIECE = 1 << 20
_READ = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
MODE = 0o400


class NotFed(Exception):
    """Definitions that cannot be used; the text says why."""


def encode(lines: Mapping[str, str]) -> tuple[str, bytes]:
    """Definitions as (their hash, their bytes)."""
    data = dumps({"lines": dict(lines), "v": 1})
    return sha256(data).hexdigest(), data


def write(folder: str, name: str, data: bytes, uid: int) -> None:
    """Place definitions; those before go. Raises OSError."""
    put(folder, name + SUFFIX, (data,), uid)
    for old in os.listdir(folder):
        if old.endswith(SUFFIX) and old != name + SUFFIX:
            os.unlink(f"{folder}/{old}")


def read(folder: str, name: str) -> dict[str, str]:
    """In the sub-pm: the lines of definitions that have this hash. Raises NotFed."""
    if len(name) != 64 or not frozenset("0123456789abcdef").issuperset(name):
        raise NotFed("load: wanted a sha256")
    try:
        with open(os.open(f"{folder}/{name}{SUFFIX}", _READ), "rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise NotFed(f"load: {error.strerror}: {folder}/{name}{SUFFIX}") from None
    if sha256(data).hexdigest() != name:
        raise NotFed("load: the definitions do not have the hash of their name")
    return _lines(data)


def _lines(data: bytes) -> dict[str, str]:
    try:
        value = loads(data, canonical=True)
        lines = value["lines"] if value["v"] == 1 else None
    except (FormatError, KeyError, TypeError):
        lines = None
    if not isinstance(lines, dict) or not all(isinstance(line, str) for line in lines.values()):
        raise NotFed("load: the definitions are no mapping of lines, version 1")
    return lines


def put(folder: str, name: str, pieces: Iterable[bytes], uid: int) -> None:
    """A file in the feed, there at once and whole. Raises OSError."""
    part = f"{folder}/.{name}"
    try:
        os.unlink(part)
    except FileNotFoundError:
        pass
    handle = os.open(part, _NEW, 0o600)
    try:
        for piece in pieces:
            write_all(handle, piece)
        os.fchown(handle, uid, -1)
        os.fchmod(handle, MODE)
    finally:
        os.close(handle)
    os.rename(part, f"{folder}/{name}")


def fill(store: str, folder: str, uid: int) -> int:
    """Bring the feed's blobs to what stdin names. 1 when one could not be had."""
    wanted = [name for name, _ in asked()]
    status = 0
    for name in os.listdir(folder):
        if name not in wanted and not name.endswith(SUFFIX):
            os.unlink(f"{folder}/{name}")
    for name in wanted:
        if not os.path.lexists(f"{folder}/{name}"):
            status |= _copy(f"{store}/{name}", folder, name, uid)
    return status


def _copy(source: str, folder: str, name: str, uid: int) -> int:
    try:
        with open(os.open(source, _READ), "rb", buffering=0) as file:
            put(folder, name, iter(lambda: file.read(PIECE), b""), uid)
    except OSError as error:
        print(f"{name} {error.strerror}", file=sys.stderr, flush=True)
        return 1
    return 0
