"""Which file had which content, by what stat says of it: so that a tree that nobody has touched is
hashed again without reading a file.

    enve-stats 1 DEVICE INODE CRC32      of the folder, and of what follows
    PATH NUL "SIZE MTIME CTIME INODE" NUL SHA256 NUL ...

A file that changed less than two seconds ago is not kept: it may change again and look the same. A
cache that is damaged, or that somebody else may write, is as none.
"""

from __future__ import annotations

import os
import stat
from binascii import crc32

from enve_fire.tree import trusted
from enve_fire.tree.walk import FILE
from enve_pm.shell.state.handle import read_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, Tuple

    Known = Dict[bytes, Tuple[bytes, bytes]]  # path: (what stat said, sha256 in hex)

YOUNG = 2_000_000_000  # nanoseconds
LONGEST = 1 << 28  # bytes


def key(state: os.stat_result) -> bytes:
    times = (state.st_size, state.st_mtime_ns, state.st_ctime_ns, state.st_ino)
    return b"%d %d %d %d" % times


def is_young(state: os.stat_result, now: int) -> bool:
    return max(state.st_mtime_ns, state.st_ctime_ns) > now - YOUNG


def load(path: str, folder: os.stat_result) -> Known:
    """{} where there is none that holds."""
    try:
        handle = os.open(path, FILE)
    except OSError:
        return {}
    try:
        data = read_all(handle, LONGEST) if _counts(os.fstat(handle)) else b""
    finally:
        os.close(handle)
    head, _, body = data.partition(b"\n")
    if head != _head(folder, body):
        return {}
    fields = body.split(b"\0")
    return dict(zip(fields[0::3], zip(fields[1::3], fields[2::3])))  # noqa: B905  (3.8)


def _counts(state: os.stat_result) -> bool:
    return stat.S_ISREG(state.st_mode) and trusted.is_safe(state, os.geteuid())


def _head(folder: os.stat_result, body: bytes) -> bytes:
    return b"enve-stats 1 %d %d %d" % (folder.st_dev, folder.st_ino, crc32(body))


def save(path: str, folder: os.stat_result, known: Known) -> None:
    """Atomically. Where that is not possible there is no cache, which is no error."""
    from enve_fire.tree.written import replace

    fields = [field for one, (stats, sum_) in known.items() for field in (one, stats, sum_)]
    body = b"\0".join(fields)
    try:
        replace(path, _head(folder, body) + b"\n" + body)
    except OSError:
        pass
