"""Processes that try to get away: a marked family, and the question whether one is left.

Each bears a marker in its environment. A zombie has none any more, so one that only waits for a
slow PID 1 to collect it does not count as left.
"""

from __future__ import annotations

from pathlib import Path

MARK = "ENVE_BROOD"
# Of each kind one: a child, one in a session of its own, one forked twice, one that ignores TERM.
FAMILY = """
trap '' HUP
sleep 1000 &
setsid sleep 1000 &
(setsid sh -c 'sleep 1000 & sleep 1000 & wait' &)
(setsid sh -c 'trap "" TERM; (setsid sleep 1000 &) ; while :; do sleep 1; done' &)
wait
"""
SIZE = 9  # processes of a family, at least: sh and the eight above


def marked(mark: str) -> list[int]:
    """The living processes that bear this marker."""
    want = f"{MARK}={mark}".encode()
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            data = (entry / "environ").read_bytes()
        except OSError:
            continue
        if want in data.split(b"\0"):
            found.append(int(entry.name))
    return found


def state(pid: int) -> str:
    """The letter of /proc/PID/stat, empty when the process is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return ""
