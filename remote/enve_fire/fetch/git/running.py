"""A git that runs: what it prints, what it says, how far it is, and its end."""

from __future__ import annotations

import os
import signal
import threading

from enve_fire.fetch.git.words import explained

TYPE_CHECKING = False
if TYPE_CHECKING:
    import subprocess

    from enve_fire.fetch.web.progress import Progress

WORDS = 1 << 16  # bytes that are kept of what it says
LONGEST = 4 * 3600.0  # seconds of one run
_LINGER = 1.0  # seconds that what it started may keep its stderr open


class GitFailed(Exception):
    """`said`: see `words`."""

    def __init__(self, stderr: str) -> None:
        self.said = explained(stderr)
        super().__init__(self.said.message)


class Running:
    """`most`: bytes of a file that it writes. A context manager: at its end nothing of it is left
    running."""

    def __init__(self, child: subprocess.Popen[bytes], progress: Progress, most: int) -> None:
        assert child.stdout is not None  # noqa: S101  (they are pipes)
        assert child.stderr is not None  # noqa: S101
        self.child = child
        self.out = child.stdout
        _limit(child.pid, most)
        self._progress = progress
        self._said = b""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._timer = threading.Timer(LONGEST, self._end)
        self._timer.daemon = True

    def __enter__(self) -> Running:
        self._reader.start()
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        self.out.close()
        if self.child.poll() is None:
            self._end()
        self.child.wait()
        self._reader.join(_LINGER)

    def finish(self) -> None:
        """Raises GitFailed if it did not do what it should."""
        status = self.child.wait()
        self._reader.join(_LINGER)
        if status:
            words = self._said.decode("utf-8", "replace")
            raise GitFailed(words or "it ended with %d" % status)

    def _read(self) -> None:
        assert self.child.stderr is not None  # noqa: S101
        with self.child.stderr as pipe:
            for piece in iter(lambda: os.read(pipe.fileno(), 4096), b""):
                self._said = (self._said + piece)[-WORDS:]
                self._progress.words(piece)

    def _end(self) -> None:
        try:
            os.killpg(self.child.pid, signal.SIGKILL)
        except OSError:
            pass  # it is gone


def _limit(pid: int, most: int) -> None:
    """No file that it writes becomes larger. It begins to write when a server has answered."""
    import resource

    try:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (most, most))
    except (AttributeError, OSError, ValueError):
        pass  # no Linux, or it is gone, or a lower limit holds
