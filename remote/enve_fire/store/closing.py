"""What becomes of a folder that was made before it is kept: files read-only, folders not."""

from __future__ import annotations

import os
import stat

from enve_fire.tree.walk import top, walk
from enve_pm.core.lean import namedtuple

Size = namedtuple("Size", "files bytes")


def measure(folder: str, close: bool = False) -> Size:
    """How much there is, each file counted once; `close`: and files may not be written to any more.
    Folders may, and setuid bits stay. Raises OSError."""
    seen: set[tuple[int, int]] = set()
    total = 0
    handle = top(folder)
    try:
        for inner, _, name, state in walk(handle):
            if stat.S_ISDIR(state.st_mode) or (state.st_dev, state.st_ino) in seen:
                continue
            seen.add((state.st_dev, state.st_ino))
            total += state.st_size
            if close and stat.S_ISREG(state.st_mode) and state.st_mode & 0o222:
                os.chmod(name, stat.S_IMODE(state.st_mode) & ~0o222, dir_fd=inner)
    finally:
        os.close(handle)
    return Size(len(seen), total)
