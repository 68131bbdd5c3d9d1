"""Who stands in a folder or a namespace, so that it cannot be taken away."""

from __future__ import annotations

import os

from enve_pm.maker.followers import Followers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterator


def users(path: str) -> str:
    """` by pid 1 2 3`, as far as that can be told; else empty."""
    found = [pid for pid in _pids() if _stands(pid, path)]
    return _told(found or _following(path))


def _following(path: str) -> list[str]:
    """Those who see it elsewhere."""
    seen = Followers(path)
    return [pid for pid in _pids() if any(_stands(pid, at) for at in seen.places(pid))]


def inside(network: int) -> str:
    """Likewise of a network namespace, an open file."""
    state = os.fstat(network)
    return _told([pid for pid in _pids() if _network(pid) == (state.st_dev, state.st_ino)])


def _pids() -> Iterator[str]:
    return filter(str.isdigit, os.listdir("/proc"))


def _told(pids: list[str]) -> str:
    return " by pid " + " ".join(pids[:10]) if pids else ""


def _network(pid: str) -> tuple[int, int]:
    try:
        state = os.stat("/proc/%s/ns/net" % pid)
    except OSError:
        return (0, 0)
    return (state.st_dev, state.st_ino)


def _stands(pid: str, path: str) -> bool:
    for what in ("cwd", "root", "exe"):
        try:
            where = os.readlink("/proc/%s/%s" % (pid, what))
        except OSError:
            continue
        if (where + "/").startswith(path + "/"):
            return True
    return False
