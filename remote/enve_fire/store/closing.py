"""What becomes of a folder that was made before it is kept: files read-only, all of it on disk."""

from __future__ import annotations

import os
import stat

from enve_pm.core.lean import namedtuple

Size = namedtuple("Size", "files bytes")


def measure(folder: str, close: bool = False) -> Size:
    """How much there is, each file counted once; `close`: and files may not be written to any more.
    Folders may, and setuid bits stay. Raises OSError."""
    seen: set[tuple[int, int]] = set()
    total, left = 0, [folder]
    while left:
        with os.scandir(left.pop()) as found:
            for one in found:
                state = one.stat(follow_symlinks=False)
                if stat.S_ISDIR(state.st_mode):
                    left.append(one.path)
                    continue
                if (state.st_dev, state.st_ino) not in seen:
                    seen.add((state.st_dev, state.st_ino))
                    total += state.st_size
                if close and stat.S_ISREG(state.st_mode) and state.st_mode & 0o222:
                    os.chmod(one.path, stat.S_IMODE(state.st_mode) & ~0o222)
    return Size(len(seen), total)


def to_disk(path: str) -> None:
    """All of its file system. Raises OSError."""
    import subprocess

    quiet = subprocess.DEVNULL
    try:
        done = subprocess.run(["sync", "-f", path], stdin=quiet, stdout=quiet, stderr=quiet)  # noqa: PLW1510
    except FileNotFoundError:
        done = None
    if done is None or done.returncode:
        os.sync()
