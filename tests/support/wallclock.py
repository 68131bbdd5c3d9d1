"""A wall clock that is set while processes run (by libfaketime); their monotonic clock goes on.

The times of files stay those of the kernel, and so does what a process's own children see, unless
they get the same environment.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from functools import cache
from pathlib import Path

from enve_pm.hostinit.compiling import compile_all

LIBRARIES = ("lib/*/faketime", "lib/faketime", "lib64/faketime", "local/lib/faketime")  # below /usr
YEAR = 365 * 86_400
SLEEP = """
import select, time
time.sleep = lambda seconds: select.poll().poll(seconds * 1000)
"""
PROBE = "import time; print(time.time(), time.monotonic(), time.clock_gettime(time.CLOCK_BOOTTIME))"


class WallClock:
    """What processes with `environment` see; it begins right. `folder`: for its file."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "wallclock"
        self._at: float | None = None
        self.ahead = 0.0
        self.put(0)

    @property
    def environment(self) -> dict[str, str]:
        return {
            "LD_PRELOAD": library(),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_DISABLE_SHM": "1",
            "NO_FAKE_STAT": "1",
        }

    def put(self, ahead: float) -> None:
        """Put it so many seconds ahead of the real one (less than 0: behind)."""
        self._at, self.ahead = None, ahead
        self._write(f"{ahead:+.3f}")

    def set(self, at: float) -> None:
        """Set it to this time (UNIX seconds); it goes on from there."""
        self.put(at - time.time())

    def stop(self) -> None:
        """It stands still, in the second that it shows."""
        self._at = float(int(self.now()))
        self.ahead = self._at - time.time()
        self._write(time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(self._at)))

    def now(self) -> float:
        """UNIX seconds, as it shows them."""
        return time.time() + self.ahead if self._at is None else self._at

    def clear(self) -> None:
        """What dead processes have left in shared memory goes."""
        for file in Path("/dev/shm").glob("*faketime_s*"):
            if not Path("/proc", file.name.rpartition("_")[2]).exists():
                file.unlink(missing_ok=True)

    def _write(self, text: str) -> None:
        new = self._file.with_suffix(".new")
        new.write_text(text + "\n")
        new.rename(self._file)


def patient(package: Path, folder: Path) -> Path:
    """A copy of pm that can sleep: since 3.11 Python does so by a call that libfaketime refuses."""
    copy = folder / package.name
    shutil.copytree(package, copy, ignore=shutil.ignore_patterns("__pycache__"))
    main = copy / "__main__.py"
    head, imports, rest = main.read_text().partition("import sys\n")
    main.write_text(head + imports + SLEEP + rest)
    compile_all(str(folder))
    return copy


@cache
def library() -> str:
    """The path of libfaketime, or nothing."""
    found = [file for place in LIBRARIES for file in Path("/usr").glob(f"{place}/libfaketime.so.1")]
    return str(found[0]) if found else ""


@cache
def refusal() -> str:
    """Why this host cannot, or nothing."""
    if not library():
        return "no libfaketime (package libfaketime)"
    with tempfile.TemporaryDirectory() as folder:
        clock = WallClock(Path(folder))
        clock.put(YEAR)
        argv = [sys.executable, "-I", "-S", "-c", PROBE]
        done = subprocess.run(
            argv, env=clock.environment, capture_output=True, text=True, check=False
        )
    wall, ours, boot = map(float, done.stdout.split() or (0, 0, 0))
    real = time.clock_gettime(time.CLOCK_BOOTTIME)
    if abs(wall - time.time() - YEAR) > 60:
        return "libfaketime does not move a wall clock here"
    moved = abs(ours - time.monotonic()) > 60 or abs(boot - real) > 60
    return "libfaketime moves the monotonic clock too" if moved else ""
