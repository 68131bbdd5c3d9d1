"""Who stands in a root: its mounts are not taken away from them.

The kernel says so of each mount alone: those that nobody stands in just then would be gone before
it comes to one that is in use, and what is written goes to the folder below.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterator

_LINKS = ("root", "cwd", "exe")
_LONGEST = 8 << 20  # bytes of one process's mappings


def users(root: str) -> list[int]:
    """Pids of all whose root, working folder, program, open files or mappings lie in it; also where
    it is mounted in another mount namespace alone: it is called the same there, and who removes the
    folder here takes the mount away there."""
    real = os.path.realpath(root)
    if not os.path.isdir(real):
        return []
    state, pids = os.stat(real), filter(str.isdigit, os.listdir("/proc"))
    return [int(pid) for pid in pids if _stands("/proc/" + pid, real, state)]


def _stands(process: str, real: str, state: os.stat_result) -> bool:
    return (
        _is_root(process, state)
        or any((path + "/").startswith(real + "/") for path in _paths(process))
        or os.fsencode(real) + b"/" in _maps(process)
    )


def _is_root(process: str, state: os.stat_result) -> bool:
    try:
        return os.path.samestat(os.stat(process + "/root"), state)
    except OSError:
        return False  # it has ended


def _paths(process: str) -> Iterator[str]:
    """As they are called out here."""
    folder = process + "/fd"
    try:
        files = [folder + "/" + name for name in os.listdir(folder)]
    except OSError:
        files = []
    for path in [*("%s/%s" % (process, name) for name in _LINKS), *files]:
        try:
            yield os.readlink(path)
        except OSError:
            continue  # closed, or ended


def _maps(process: str) -> bytes:
    try:
        with open(process + "/maps", "rb") as file:
            return file.read(_LONGEST)
    except OSError:
        return b""
