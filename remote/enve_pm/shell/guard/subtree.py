"""Everything below this process: find it, kill it, until nothing is left.

Both the watchdog and pm are child subreapers: a descendant that loses its parent becomes their own
child, however often it forked and whatever session it is in. So killing and reaping our own
children again and again is complete: whoever dies hands its children up before it can be reaped.
Only a child that does not die (uninterruptible, or not ours to kill) hides what is below it, and
then the tree is walked.
"""

from __future__ import annotations

import os
import time

from enve_pm.shell.events.light import signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container

PR_SET_CHILD_SUBREAPER = 36
PAUSE = 0.0005  # seconds between two looks while the killed ones die


def become_subreaper() -> bool:
    """Take in descendants that lose their parent. False where the kernel cannot do that."""
    try:
        import ctypes

        return bool(ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0)
    except (ImportError, OSError, AttributeError, TypeError):
        return False


def children(pid: int) -> list[int]:
    """The direct children of a process, those of all its threads. Empty when it is gone."""
    found: list[int] = []
    for path in _children_files(pid):
        try:
            with open(path, "rb") as file:
                found.extend(map(int, file.read().split()))
        except OSError:
            continue
    return found


def _children_files(pid: int) -> list[str]:
    try:
        tasks = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return []
    return [f"/proc/{pid}/task/{task}/children" for task in tasks]


def below(pid: int) -> list[int]:
    """Every descendant of a process, parents before their children (one look: no promise)."""
    found = []
    level = children(pid)
    while level:
        found.extend(level)
        level = [child for parent in level for child in children(parent)]
    return found


def send(pids: list[int], number: int) -> int:
    """Signal each of them; how many took it. Those that are gone or not ours are passed over."""
    took = 0
    for pid in pids:
        try:
            os.kill(pid, number)
            took += 1
        except OSError:
            continue
    return took


def reap() -> int:
    """Collect every child that has ended; how many."""
    count = 0
    while True:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return count
        if pid == 0:
            return count
        count += 1


def kill_all(seconds: float) -> list[int]:
    """SIGKILL every descendant and reap it. Returns the pids still there at the deadline."""
    me = os.getpid()
    end = time.monotonic() + seconds
    while True:
        mine = children(me)
        send(mine, signal.SIGKILL)
        ended = reap()
        if not mine and not ended:
            return []
        if time.monotonic() > end:  # also where they fork faster than we kill
            return below(me)
        if not ended:
            send(below(me), signal.SIGKILL)
            time.sleep(PAUSE)


def ask_all(seconds: float, helpers: Container[int] = ()) -> None:
    """SIGTERM every descendant once, also one that was just being forked, and wait for all to end
    but our helpers, which end after us."""
    me = os.getpid()
    end = time.monotonic() + seconds
    found = below(me)
    asked: set[int] = set()
    while any(pid not in helpers for pid in found) and time.monotonic() < end:
        send([pid for pid in found if pid not in asked], signal.SIGTERM)
        asked.update(found)
        if not reap():
            time.sleep(PAUSE * 20)
        found = children(me)


def end_all(grace: float, seconds: float) -> list[int]:
    """SIGTERM every descendant, SIGKILL what is there after `grace` seconds, as `kill_all`."""
    ask_all(grace)
    return kill_all(seconds)
