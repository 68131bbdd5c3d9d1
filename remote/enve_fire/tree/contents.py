"""What is in a tree: of every file its hash, of every link where it leads."""

from __future__ import annotations

import errno
import os
import stat
import time

from enve_fire.core.trouble import BUSY, Trouble
from enve_fire.tree import statcache
from enve_fire.tree.pace import quiet
from enve_fire.tree.walk import FILE, nothing, opened, top, walk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from enve_fire.tree.pace import Tell
    from enve_fire.tree.statcache import Known
    from enve_fire.tree.walk import Skip

    Row = tuple[bytes, os.stat_result, bytes]

TRIES = 3
_GONE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)


class Changed(Exception):
    """Somebody writes there meanwhile."""


def contents(folder: str, cache: str = "", skip: Any = None, tell: Tell = quiet) -> list[Row]:
    """Rows of (path, stat, sha256 in hex | where a link leads | b""), sorted by path; `cache`: a
    file, "" for none; `skip`: makes a Skip of the open folder; `tell`: of bytes that are read.
    Raises Trouble (BUSY), OSError."""
    handle = top(folder)
    try:
        left_out = skip(handle) if skip else nothing
        state = os.fstat(handle)
        known = statcache.load(cache, state) if cache else {}
        for _ in range(TRIES):
            one = _Pass(handle, left_out, known, tell)
            try:
                rows = one.run()
            except Changed:
                known = {**known, **one.kept}
                continue
            except OSError as error:
                if isinstance(error.filename, bytes):
                    error.filename = os.path.join(folder, os.fsdecode(error.filename))
                raise
            if cache and one.kept != known:
                statcache.save(cache, state, one.kept)
            return rows
    finally:
        os.close(handle)
    hint = "let whoever writes there finish, then do it again"
    raise Trouble(BUSY, "%s changes while it is read" % folder, hint)


class _Pass:
    """kept: what the cache may hold afterwards."""

    def __init__(self, folder: int, skip: Skip, known: Known, tell: Tell) -> None:
        self._folder = folder
        self._skip = skip
        self._known = known
        self._tell = tell
        self._now = time.time_ns()
        self._hashed = False
        self.kept: Known = {}

    def run(self) -> list[Row]:
        """Raises Changed, OSError."""
        try:
            rows = [
                (path, state, self._content(folder, path, name, state))
                for folder, path, name, state in walk(self._folder, self._skip)
            ]
            if self._hashed and self._again() != {row[0]: _marks(row[1]) for row in rows}:
                raise Changed
        except OSError as error:
            if error.errno in _GONE:
                raise Changed from None
            raise
        return sorted(rows, key=lambda row: row[0])

    def _again(self) -> dict[bytes, Any]:
        return {path: _marks(state) for _, path, _, state in walk(self._folder, self._skip)}

    def _content(self, folder: int, path: bytes, name: bytes, state: os.stat_result) -> bytes:
        if stat.S_ISREG(state.st_mode):
            return self._sum(folder, path, name, state)
        if stat.S_ISLNK(state.st_mode):
            return os.readlink(name, dir_fd=folder)
        return b""

    def _sum(self, folder: int, path: bytes, name: bytes, state: os.stat_result) -> bytes:
        key = statcache.key(state)
        young = statcache.is_young(state, self._now)
        stats, sum_ = self._known.get(path, (b"", b""))
        if stats != key or young:
            self._hashed = True
            sum_ = _hashed(opened(name, FILE, folder, path), state, self._tell)
        if not young:
            self.kept[path] = (key, sum_)
        return sum_


def _marks(state: os.stat_result) -> Any:
    """What differs where somebody has written. A folder also changes by what is left out of it."""
    if stat.S_ISDIR(state.st_mode):
        return state.st_mode
    return state.st_mode, statcache.key(state)


def _hashed(handle: int, state: os.stat_result, tell: Tell) -> bytes:
    """Of an open file, which is closed then."""
    try:
        if statcache.key(os.fstat(handle)) != statcache.key(state):
            raise Changed
        return sum_of(handle, state.st_size, tell)
    finally:
        os.close(handle)


def sum_of(handle: int, size: int, tell: Tell = quiet) -> bytes:
    """The sha256 of so much of an open file, in hex."""
    from hashlib import sha256

    from enve_fire.tree.pieces import pieces

    sum_ = sha256()
    for piece in pieces(handle, size):
        sum_.update(piece)
        tell(len(piece))
    return sum_.hexdigest().encode()
