"""A pm of a hundred children that fork twice and leave their session, killed over and over."""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from pathlib import Path

from tests.support.box import Box, line
from tests.support.wait import until

UNITS = 2
EACH = 50  # children of a unit: each of them forked twice, and in a session of its own
SCRIPT = f"""
import os, time
for _ in range({EACH}):
    if not os.fork():
        os.setsid()
        if not os.fork():
            time.sleep(1000)
        os._exit(0)
    os.wait()
time.sleep(1000)
"""
COMMAND = [sys.executable, "-I", "-S", "-c", SCRIPT]
GRACE = 2.0  # seconds until nothing of the dead pm may be left


class Warren:
    """`kill()` is one round; the box is up before and after."""

    def __init__(self, root: Path, seed: int) -> None:
        self.dice = random.Random(seed)
        self.box = Box(root, log=root / "log")
        self.units = [f"u{number}" for number in range(UNITS)]

    def fill(self) -> None:
        """To be called in the box's context."""
        ready = {"how": "wait", "ms": 0}
        lines = [line(n, command=COMMAND, ready=ready) for n in self.units]
        self.box.load(*lines)
        self.whole()

    def whole(self) -> None:
        """Each child once: none is missing, none is there twice."""
        wanted = UNITS * (EACH + 1)
        until(lambda: len(self.box.inside()) == wanted, f"{wanted} processes", 60, 0.05)

    def kill(self) -> None:
        """pm or the watchdog dies at a random moment, and pm is started at once."""
        process = self.box.process
        assert process is not None
        victim = self.dice.choice(self.box.pids())
        time.sleep(self.dice.random() * 0.03)  # also while the children still fork
        os.kill(victim, signal.SIGKILL)
        died = time.monotonic()
        process.wait(30)
        self._start()
        until(
            lambda: not self._older(),
            "the old children to be gone",
            max(0, died + GRACE - time.monotonic()),
        )

    def _start(self) -> None:
        """As whoever keeps pm does: again and again, while the old one holds the home."""
        was = self.box.status()["pid"]
        self.box.spawn()

        def up() -> bool:
            assert self.box.process is not None
            if self.box.process.poll() is not None:
                self.box.spawn()
            return bool(self.box.status()["pid"] != was)

        until(up, "pm to be back", 60)

    def _older(self) -> list[int]:
        """Children that were there before the pm that runs now."""
        assert self.box.process is not None
        born = began(self.box.process.pid)
        return [pid for pid in self.box.inside() if 0 < began(pid) < born]


def began(pid: int) -> int:
    """When it was started, in ticks since boot; 0 when it is gone."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])
    except OSError:
        return 0
