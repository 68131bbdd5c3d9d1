"""What /proc says of processes, and of this boot."""

from __future__ import annotations

import os

from enve_pm.shell.state.files import Files


class Stat:
    """What /proc/PID/stat says of a process. `start` is in clock ticks since boot: with the pid
    it names a process for as long as the machine runs."""

    __slots__ = ("group", "parent", "session", "start", "state")

    def __init__(self, state: str, parent: int, group: int, session: int, start: int) -> None:
        self.state = state
        self.parent = parent
        self.group = group
        self.session = session
        self.start = start


class ProcFs(Files):
    """Read anew at each call."""

    def boot(self) -> str:
        """The id of this boot: pids and start times of another one mean nothing."""
        return self.read("/proc/sys/kernel/random/boot_id").decode("ascii", "replace").strip()

    def stat(self, pid: int) -> Stat | None:
        """None when there is no such process; a zombie still has one (state Z)."""
        try:
            text = self.read("/proc/%d/stat" % pid)
        except OSError:
            return None
        # The name stands in parentheses and may hold anything, blanks and parentheses too.
        fields = text[text.rfind(b")") + 2 :].split()
        if len(fields) < 20:
            return None
        return Stat(
            fields[0].decode("ascii", "replace"),
            int(fields[1]),
            int(fields[2]),
            int(fields[3]),
            int(fields[19]),
        )

    def variable(self, pid: int, name: bytes) -> bytes | None:
        """A variable of the environment that a process was started with: empty where it is not
        set; None where there is no environment, or it is hidden. Never split as a whole: anybody
        can have a hundred thousand."""
        try:
            text = self.read("/proc/%d/environ" % pid)
        except OSError:
            return None
        if not text:
            return None
        _, _, rest = (b"\0" + text).partition(b"\0%s=" % name)
        return rest.partition(b"\0")[0]

    def signals(self, pid: int) -> tuple[int, ...]:
        """The signals that a process handles and those that it ignores, as bits (signal N is bit
        N - 1); empty when that cannot be told."""
        try:
            rows = self.read("/proc/%d/status" % pid).split(b"\n")
        except OSError:
            return ()
        return tuple(int(row[8:], 16) for row in rows if row.startswith((b"SigCgt:", b"SigIgn:")))

    def owner(self, pid: int) -> int:
        """The real user id of a process; -1 where it cannot be told."""
        try:
            rows = self.read("/proc/%d/status" % pid).split(b"\n")
        except OSError:
            return -1
        return next((int(row.split()[1]) for row in rows if row.startswith(b"Uid:")), -1)

    def inside(self, pid: int) -> int:
        """The number of a process in its own namespace of pids; that in ours where that cannot be
        told."""
        try:
            rows = self.read("/proc/%d/status" % pid).split(b"\n")
        except OSError:
            return pid
        numbers = [row.split()[-1] for row in rows if row.startswith(b"NSpid:")]
        return int(numbers[0]) if numbers else pid

    def processes(self) -> list[int]:
        """The pid of every process that /proc shows us."""
        return [int(name) for name in os.listdir("/proc") if name.isdigit()]
