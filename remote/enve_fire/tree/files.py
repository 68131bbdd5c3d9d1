"""One file after the other into a copy of its tree, by the way that is possible there."""

from __future__ import annotations

import errno
import os
import stat

from enve_fire.core.trouble import BUSY, MISSING, Trouble
from enve_fire.tree.modes import closed
from enve_fire.tree.pace import quiet
from enve_fire.tree.pour import clone, pour
from enve_fire.tree.walk import FILE
from enve_fire.tree.written import NEW
from enve_pm.core.lean import namedtuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Container, Optional

    from enve_fire.tree.pace import Tell

AUTO, REFLINK, HARDLINK, COPY = MODES = ("auto", "reflink", "hardlink", "copy")
CAPABILITY = "security.capability"
_WRITABLE = 0o222
_NO_LINK = (errno.EXDEV, errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS)
_NO_ATTRIBUTE = (errno.ENODATA, errno.EOPNOTSUPP, errno.ENOSYS)


class Terms(
    namedtuple(
        "Terms",
        "stored skip setuid owner closed tell",
        defaults=(False, None, (), None, False, quiet),
    )
):
    """stored: the target lies in a store, so nobody writes into its files, and read-only files of
    the same owner may be shared. skip: makes a Skip of the open source. setuid: paths of files
    that keep setuid and setgid, and are never shared. owner: (uid, gid) of all of it, else
    whoever makes it. closed: with the modes of `modes.closed`, as what is built and installed.
    tell: of bytes that are copied."""

    __slots__ = ()

    if TYPE_CHECKING:
        stored: bool
        skip: Any
        setuid: Container[bytes]
        owner: Optional[tuple[int, int]]
        closed: bool
        tell: Tell


class Files:
    """way: how they are copied now; `auto` goes down the list where one is not possible."""

    def __init__(self, source: str, mode: str, terms: Terms) -> None:
        self._source = source
        self._auto = mode == AUTO
        self._stored = terms.stored
        self._closed = terms.closed
        self._setuid = terms.setuid
        self._owner = terms.owner
        self._tell = terms.tell
        self.way = REFLINK if self._auto else mode
        if self.way == HARDLINK and not self._stored:
            self._cannot("only what lies in a store may share files")

    def is_setuid(self, path: bytes) -> bool:
        return path in self._setuid

    def take(self, source: int, target: int, path: bytes, state: os.stat_result) -> None:
        """From one open folder to another. Raises Trouble, OSError."""
        name = path.rpartition(b"/")[2]
        shares = self.way == HARDLINK and self._may_share(path, state)
        if shares and self._shared(source, target, name):
            return
        handle = os.open(name, FILE, dir_fd=source)
        try:
            new = os.open(name, NEW, 0o600, dir_fd=target)
            try:
                state = self._regular(handle, path)
                self._fill(handle, new, state, self._mode(state, path))
                self._tell(state.st_size)
            finally:
                os.close(new)
        finally:
            os.close(handle)

    def _may_share(self, path: bytes, state: os.stat_result) -> bool:
        uid, gid = self._owner or (os.geteuid(), state.st_gid)
        same = (state.st_uid, state.st_gid) == (uid, gid)
        return same and not state.st_mode & (_WRITABLE | 0o7000) and path not in self._setuid

    def _shared(self, source: int, target: int, name: bytes) -> bool:
        try:
            os.link(name, name, src_dir_fd=source, dst_dir_fd=target, follow_symlinks=False)
        except OSError as error:
            if error.errno == errno.EMLINK:
                return False  # this one has too many names: it gets a file of its own
            if error.errno not in _NO_LINK:
                raise
            self._next("there are two file systems, or one without hard links")
            return False
        return True

    def _regular(self, handle: int, path: bytes) -> os.stat_result:
        state = os.fstat(handle)
        if not stat.S_ISREG(state.st_mode):
            raise Trouble(BUSY, "%s changes while it is copied: %r" % (self._source, path))
        return state

    def _mode(self, state: os.stat_result, path: bytes) -> int:
        if self._closed:
            return closed(state.st_mode, False, self.is_setuid(path))
        return state.st_mode & (0o6777 if self.is_setuid(path) else 0o777)

    def _fill(self, source: int, target: int, state: os.stat_result, mode: int) -> None:
        if self.way != REFLINK or not state.st_size or not self._cloned(source, target):
            pour(source, target, state)
        if self._owner:
            os.fchown(target, *self._owner)
        os.fchmod(target, mode)
        if state.st_mode & 0o111:
            capability(source, target)
        os.utime(target, ns=(state.st_atime_ns, state.st_mtime_ns))

    def _cloned(self, source: int, target: int) -> bool:
        if clone(source, target):
            return True
        self._next("there are two file systems, or one whose files share no blocks")
        return False

    def _next(self, why: str) -> None:
        if not self._auto:
            self._cannot(why)
        self.way = HARDLINK if self.way == REFLINK and self._stored else COPY

    def _cannot(self, why: str) -> None:
        hint = "say mode: auto, which takes what is possible"
        raise Trouble(MISSING, "%s: cannot be a %s: %s" % (self._source, self.way, why), hint)


def capability(source: int, target: int) -> None:
    """What a file may do though its user may not (capabilities(7)); only root can give it."""
    if not hasattr(os, "getxattr"):
        return  # no Linux
    try:
        value = os.getxattr(source, CAPABILITY)
    except OSError as error:
        if error.errno in _NO_ATTRIBUTE:
            return
        raise
    try:
        os.setxattr(target, CAPABILITY, value)
    except PermissionError:
        pass
