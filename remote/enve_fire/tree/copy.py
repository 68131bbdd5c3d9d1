"""A copy of a tree: sharing its blocks (reflink), its files (hardlink), or neither.

Modes, times and links are kept, and what is one file twice stays one. Setuid and setgid are not,
but where the caller says so: a copy may have another owner.
"""

from __future__ import annotations

import os
import stat

from enve_fire.tree.files import AUTO, COPY, HARDLINK, MODES, REFLINK, Files, Terms
from enve_fire.tree.modes import closed
from enve_fire.tree.walk import DEPTH, FOLDER, deeper, entries, nothing, top

TYPE_CHECKING = False
if TYPE_CHECKING:
    from enve_fire.tree.walk import Skip

__all__ = ["AUTO", "COPY", "HARDLINK", "MODES", "REFLINK", "Terms", "copy"]


def copy(
    source: str,
    target: str | int,
    mode: str = AUTO,
    terms: Terms = Terms(),  # noqa: B008
) -> str:
    """Into `target`, a new or an empty folder, or an open one; says how: reflink, hardlink or copy.
    Raises Trouble (MISSING: the mode is not possible there), OSError; then what was copied is left
    for the caller.
    """
    source_fd = top(source)
    try:
        files = Files(source, mode, terms)
        target_fd = _opened(target)
        try:
            skip = terms.skip(source_fd) if terms.skip else nothing
            _Copy(files, target_fd, terms, skip).run(source_fd)
            return files.way
        finally:
            os.close(target_fd)
    finally:
        os.close(source_fd)


def _opened(target: str | int) -> int:
    if isinstance(target, int):
        return os.dup(target)
    os.makedirs(target, 0o700, exist_ok=True)
    return os.open(target, FOLDER)


class _Copy:
    def __init__(self, files: Files, target: int, terms: Terms, skip: Skip) -> None:
        self._files = files
        self._target = target
        self._owner = terms.owner
        self._closed = terms.closed
        self._skip = skip
        self._twins: dict[tuple[int, int], bytes] = {}  # a file with more names: its first one

    def run(self, source: int) -> None:
        self._folder(source, self._target, b"", DEPTH)
        self._finish(self._target, os.fstat(source))

    def _folder(self, source: int, target: int, above: bytes, depth: int) -> None:
        for name, state in entries(source):
            path = above + name
            if self._skip(path):
                continue
            if stat.S_ISDIR(state.st_mode):
                deeper(depth, path)
                self._inner(source, target, path, depth - 1)
            elif stat.S_ISLNK(state.st_mode):
                self._link(source, target, name, state)
            elif not self._twin(target, path, name, state):
                self._files.take(source, target, path, state)

    def _inner(self, source: int, target: int, path: bytes, depth: int) -> None:
        name = path.rpartition(b"/")[2]
        below = os.open(name, FOLDER, dir_fd=source)
        try:
            os.mkdir(name, 0o700, dir_fd=target)
            made = os.open(name, FOLDER, dir_fd=target)
            try:
                self._folder(below, made, path + b"/", depth)
                self._finish(made, os.fstat(below))
            finally:
                os.close(made)
        finally:
            os.close(below)

    def _finish(self, made: int, state: os.stat_result) -> None:
        """Of a folder that is full: only now its time stays."""
        if self._owner:
            os.fchown(made, *self._owner)
        mode = closed(state.st_mode, True, False) if self._closed else state.st_mode & 0o1777
        os.fchmod(made, mode)
        os.utime(made, ns=(state.st_atime_ns, state.st_mtime_ns))

    def _link(self, source: int, target: int, name: bytes, state: os.stat_result) -> None:
        os.symlink(os.readlink(name, dir_fd=source), name, dir_fd=target)
        if self._owner:
            os.chown(name, *self._owner, dir_fd=target, follow_symlinks=False)
        times = (state.st_atime_ns, state.st_mtime_ns)
        os.utime(name, ns=times, dir_fd=target, follow_symlinks=False)

    def _twin(self, target: int, path: bytes, name: bytes, state: os.stat_result) -> bool:
        """Whether it is a file that was copied already, under another name."""
        if state.st_nlink == 1 or self._files.is_setuid(path):
            return False
        first = self._twins.setdefault((state.st_dev, state.st_ino), path)
        if first == path:
            return False
        os.link(first, name, src_dir_fd=self._target, dst_dir_fd=target, follow_symlinks=False)
        return True
