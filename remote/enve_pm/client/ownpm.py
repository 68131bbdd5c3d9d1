"""A pm that lives only as long as this process: in a session of its own, so that no key of the
terminal reaches it, and asked to end by the kernel where we could not do that."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

from enve_pm.client import send
from enve_pm.shell.guard import program
from enve_pm.shell.product import feed
from enve_pm.shell.terminal.terminalwords import FOLDER
from enve_pm.shell.words import FAILED, Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

DEATH = 1  # PR_SET_PDEATHSIG
PATIENCE = 300.0  # seconds for units to be as their lines say
NOT_RUN = 127


class OwnPm:
    """The pm of a HOME. `log`: where it complains to."""

    def __init__(self, home: str) -> None:
        self.home = home
        self.log = f"{home}/log/pm.log"
        self._feed = f"{home}/{FOLDER}/units"
        self._pid = 0

    def start(self) -> None:
        """Be there when it listens. Raises Failure."""
        for folder in (self._feed, os.path.dirname(self.log)):
            os.makedirs(folder, 0o700, exist_ok=True)
        words = ("run", "--home", self.home, "--sub", "--feed", self._feed)
        reader, writer = os.pipe()
        parent = os.getpid()
        self._pid = os.fork()
        if not self._pid:
            self._become(program.argv(program.here(), *words), parent, writer)
        os.close(writer)
        with open(reader, "rb", buffering=0) as file:
            if not file.read(1):
                self.stop()
                raise Failure(FAILED, f"no pm could be started in {self.home}: {self._said()}")

    def _become(self, argv: Sequence[str], parent: int, ready: int) -> None:
        try:
            os.setsid()
            ctypes.CDLL(None).prctl(DEATH, signal.SIGTERM)
            if os.getppid() != parent:
                return
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_APPEND
            log = os.open(self.log, flags, 0o600)
            null = os.open(os.devnull, os.O_RDWR)
            for fd, number in ((null, 0), (null, 1), (log, 2)):
                os.dup2(fd, number)
            os.set_inheritable(ready, True)
            os.execv(argv[0], [*argv, "--ready-fd", str(ready)])
        finally:
            os._exit(NOT_RUN)

    def _said(self) -> str:
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return file.read(4096).strip().rpartition("\n")[2] or "it said nothing"

    def load(self, lines: Mapping[str, str]) -> None:
        """These units and no others. What fails of them is told, and no reason to end. Raises
        Failure."""
        name, data = feed.encode(lines)
        feed.write(self._feed, name, data, os.geteuid())
        for job, line in send.lines("load", [], [name]):
            send.send(self.home, line)
            code, said = send.follow(self.home, job, PATIENCE, lambda: None)
            if code:
                print(f"pm: {said}", file=sys.stderr)

    def stop(self) -> int:
        """End it in order. Its exit status; 0 when it was not there any more either."""
        if not self._pid:
            return 0
        try:
            os.kill(self._pid, signal.SIGTERM)
        except ProcessLookupError:
            pass
        status = os.waitpid(self._pid, 0)[1]
        self._pid = 0
        return 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
