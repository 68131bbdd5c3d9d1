"""HOME/store: the blobs that accepted plans name, each under its SHA-256; and what comes in by
RUN/inbox, where everybody who may march can write.

From the inbox a file is copied, hashed while it is copied, and only the copy is used: what happens
to the original afterwards does not matter.
"""

from __future__ import annotations

import os
import stat

from enve_pm.core.digest import for_size, sha256
from enve_pm.core.lean import namedtuple
from enve_pm.shell.state.handle import write_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterable, Mapping

    from enve_pm.shell.state.disk import Disk

PIECE = 1 << 20
AGE = 86_400  # seconds that a file may lie in the inbox
QUOTA = 8 << 30  # bytes, unless the blueprint's limits say otherwise
_IN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_OUT = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC

Entry = namedtuple("Entry", "name size since")  # since: unix seconds


class NotTaken(Exception):
    """A file in the inbox that cannot be used; the text says why."""


class Store:
    """`sizes`: {sha256: bytes} of the blobs that are there."""

    def __init__(self, disk: Disk, folder: str) -> None:
        self.disk = disk
        self.folder = folder
        self.sizes: dict[str, int] = {}

    def load(self) -> None:
        """See what is there; leftovers of a crash are removed. Raises OSError."""
        self.sizes = {}
        for name in self.disk.names(self.folder):
            path = self.folder + "/" + name
            if name.startswith("."):
                self.disk.remove(path)
            else:
                self.sizes[name] = self.disk.stamp(path)[2]

    def add(self, blobs: Iterable[bytes], wanted: Mapping[str, int]) -> None:
        """Keep those blobs of a stream that are wanted and not there. Raises OSError."""
        new = {sha256(data).hexdigest(): data for data in blobs}
        kept = [name for name in new if name in wanted and name not in self.sizes]
        for name in kept:
            part = "%s/.%s" % (self.folder, name)
            self.disk.remove(part)
            self.disk.create(part, new[name])
            self.disk.rename(part, self.folder + "/" + name)
        if kept:
            self.disk.sync(self.folder)
        self.sizes.update((name, len(new[name])) for name in kept)

    def missing(self, wanted: Mapping[str, int]) -> dict[str, int]:
        """Those that are not there with just that size."""
        return {name: size for name, size in wanted.items() if self.sizes.get(name) != size}

    def keep_only(self, named: set[str]) -> None:
        """Remove what no kept plan names; what cannot be removed is tried again next time."""
        for name in sorted(set(self.sizes) - named):
            try:
                self.disk.remove(self.folder + "/" + name)
            except OSError:
                continue
            del self.sizes[name]


def take(inbox: int, store: int, name: str, size: int) -> None:
    """Copy inbox/NAME (folders as descriptors) into the store if it is what it is called and has
    `size` bytes. Raises NotTaken; a file that is wrong is removed from the inbox."""
    source = _open(inbox, name)
    try:
        _check(os.fstat(source), size)
        _copy(source, store, name, size)
    except NotTaken:
        _remove(inbox, name)
        raise
    finally:
        os.close(source)
    _remove(inbox, name)


def _open(inbox: int, name: str) -> int:
    try:
        return os.open(name, _IN, dir_fd=inbox)
    except FileNotFoundError:
        raise NotTaken("missing") from None
    except OSError as error:
        _remove(inbox, name)
        raise NotTaken("not a regular file (%s)" % error.strerror) from None


def _check(state: os.stat_result, size: int) -> None:
    if not stat.S_ISREG(state.st_mode):
        raise NotTaken("not a regular file")
    if state.st_nlink != 1:
        raise NotTaken("it has %d links" % state.st_nlink)
    if state.st_size != size:
        raise NotTaken("it has %d bytes, not %d" % (state.st_size, size))


def _copy(source: int, store: int, name: str, size: int) -> None:
    part = "." + name
    _remove(store, part)
    target = os.open(part, _OUT, 0o600, dir_fd=store)
    try:
        sum_ = _pour(source, target, size)
        if sum_ != name:
            raise NotTaken("its content has another hash")
        os.fsync(target)
    except BaseException:
        _remove(store, part)
        raise
    finally:
        os.close(target)
    os.rename(part, name, src_dir_fd=store, dst_dir_fd=store)


def _pour(source: int, target: int, size: int) -> str:
    """Copy exactly `size` bytes; the hash of what was written."""
    sum_ = for_size(size)
    left = size
    while left:
        piece = os.read(source, min(PIECE, left))
        if not piece:
            raise NotTaken("it became shorter while it was read")
        sum_.update(piece)
        left -= len(piece)
        write_all(target, piece)
    if os.read(source, 1):
        raise NotTaken("it became longer while it was read")
    return str(sum_.hexdigest())


def _remove(folder: int, name: str) -> None:
    try:
        os.unlink(name, dir_fd=folder)
    except OSError:
        pass  # gone already, or a folder: it takes no room to speak of


def surplus(entries: Iterable[Entry], now: int, quota: int = QUOTA, age: int = AGE) -> list[str]:
    """The files that have to leave an inbox: those past their age, then the oldest ones until the
    rest is within the quota."""
    gone = []
    total = 0
    for entry in sorted(entries, key=lambda one: (-one.since, one.name)):
        total += entry.size
        if now - entry.since > age or total > quota:
            gone.append(entry.name)
    return gone


def tidy(inbox: int, now: int, quota: int) -> None:
    """Keep the inbox within its age and quota."""
    entries = []
    for name in os.listdir(inbox):
        try:
            state = os.stat(name, dir_fd=inbox, follow_symlinks=False)
        except FileNotFoundError:
            continue
        size = state.st_blocks * 512 if stat.S_ISREG(state.st_mode) else 0
        entries.append(Entry(name, size, int(state.st_mtime)))
    for name in surplus(entries, now, quota):
        _remove(inbox, name)
