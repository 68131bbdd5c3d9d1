"""What becomes of a folder that was made before it is kept: nobody writes its files, and its owner
alone in its folders."""

from __future__ import annotations

import os
import stat

from enve_fire.tree.modes import owned
from enve_fire.tree.walk import top, walk
from enve_pm.core.lean import namedtuple

Size = namedtuple("Size", "files bytes")


def measure(folder: str, close: bool = False) -> Size:
    """How much there is, each file counted once; `close`: and files may not be written to any more,
    folders by nobody else (see `modes.owned`). Setuid bits stay. Raises OSError."""
    seen: set[tuple[int, int]] = set()
    total = 0
    handle = top(folder)
    try:
        for inner, _, name, state in walk(handle):
            if stat.S_ISDIR(state.st_mode):
                mode = stat.S_IMODE(state.st_mode)
                if close and owned(mode) != mode:
                    os.chmod(name, owned(mode), dir_fd=inner)
                continue
            if (state.st_dev, state.st_ino) in seen:
                continue
            seen.add((state.st_dev, state.st_ino))
            total += state.st_size
            if close and stat.S_ISREG(state.st_mode) and state.st_mode & 0o222:
                os.chmod(name, stat.S_IMODE(state.st_mode) & ~0o222, dir_fd=inner)
    finally:
        os.close(handle)
    return Size(len(seen), total)
