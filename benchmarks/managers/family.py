"""What the kernel says of a manager: all its processes, and the `sleep`s that are its services."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

SLEEP = ["/usr/bin/sleep", "100000"]


def children(pid: int) -> set[int]:
    """Of all threads of a process; none when it is gone."""
    found: set[int] = set()
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        found.update(map(int, _read(task).split()))
    return found


def is_sleep(pid: int) -> bool:
    return b"sleep\x00100000" in _read(Path(f"/proc/{pid}/cmdline"))


def split(pid: int) -> tuple[set[int], set[int]]:
    """(the processes of the manager, its services)."""
    managers, services, new = {pid}, set(), [pid]
    while new:
        for child in children(new.pop()):
            if is_sleep(child):
                services.add(child)
            else:
                managers.add(child)
                new.append(child)
    return managers, services


def sleeps(pid: int) -> set[int]:
    """The services below a process."""
    return split(pid)[1]


def parent(pid: int) -> int:
    return int(_stat(pid)[1])


def cpu(pids: Iterable[int]) -> float:
    """ms of CPU so far, of all their threads."""
    threads = [task for pid in pids for task in Path(f"/proc/{pid}/task").glob("*/schedstat")]
    return sum(int((_read(thread).split() or [b"0"])[0]) for thread in threads) / 1e6


def rss(pids: Iterable[int]) -> float:
    """MiB, each process for itself."""
    return sum(_number(f"/proc/{pid}/status", "VmRSS:") for pid in pids) / 1024


def pss(pids: Iterable[int]) -> float:
    """MiB, what is shared counted once."""
    return sum(_number(f"/proc/{pid}/smaps_rollup", "Pss:") for pid in pids) / 1024


def switches(pids: Iterable[int]) -> int:
    """How often they went to sleep of their own will: each time something woke them."""
    return sum(_number(f"/proc/{pid}/status", "\nvoluntary_ctxt_switches:") for pid in pids)


def _stat(pid: int) -> list[str]:
    return _read(Path(f"/proc/{pid}/stat")).rpartition(b")")[2].decode().split()


def _number(file: str, field: str) -> int:
    rest = _read(Path(file)).decode().partition(field)[2].split()
    return int(rest[0]) if rest else 0


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        return b""
