"""The commands of a stage, one after the other, each by a shell of its own."""

from __future__ import annotations

import os

from enve_fire.core.trouble import Trouble
from enve_fire.stage.log import Log
from enve_fire.stage.walls import sandbox, supervisor
from enve_fire.tree.pace import Pace, quiet

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from enve_fire.tree.pace import Report


SHELL = "/bin/sh"
NO_PROGRAM = 127  # status of a shell that does not find one
NOT_FOUND = (
    "a program is missing: its PATH is /usr/bin:/bin behind what it needs (`deps`), nothing of"
    " the caller's; install it there, or name the product that brings it"
)
WIDTH = 100  # characters of a line of progress


class Terminated(SystemExit):
    """A signal told us to end; its exit status is 128 + N."""


def run_commands(  # noqa: PLR0913
    commands: Sequence[str],
    env: Mapping[str, str],
    cwd: str,
    log: str,
    *,
    code: int,
    what: str,
    walls: sandbox.Sandbox = sandbox.OPEN,
    report: Report = quiet,
) -> None:
    """`log`: the file that keeps what they print ("": none); `what`: "build of lua-5.4.4". Raises
    Trouble(code) at the first one that fails, after its last lines were reported. Whatever a
    command started is ended when it ends."""
    with Log(log) as kept, _signals():
        for command in commands:
            kept.add(("+ " + command + "\n").encode())
            begun = Begun(command, env, cwd, walls)
            status = begun.follow(kept, _Progress(what, kept, report))
            if status:
                for line in kept.last():
                    report("  | " + line)
                raise _failed(what, command, status, code, log)


class Begun:
    """A command that was started. Its lifeline is closed when we lose interest."""

    def __init__(
        self, command: str, env: Mapping[str, str], cwd: str, walls: sandbox.Sandbox
    ) -> None:
        walls.prepare()
        self._reader, writer = os.pipe()
        try:
            how = supervisor.How((SHELL, "-e", "-c", command), env, cwd, writer, walls.enter)
            self._pid, self._lifeline = supervisor.start(how)
        finally:
            os.close(writer)

    def follow(self, kept: Log, progress: _Progress | None) -> int:
        """To its end; its exit status."""
        try:
            _follow(self._reader, kept, progress)
            return supervisor.exit_status(os.waitpid(self._pid, 0)[1])
        except BaseException:
            os.close(self._lifeline)
            self._lifeline = -1
            os.waitpid(self._pid, 0)
            raise
        finally:
            os.close(self._reader)
            if self._lifeline >= 0:
                os.close(self._lifeline)


def _follow(reader: int, kept: Log, progress: _Progress | None) -> None:
    """Until nobody is left who could print."""
    import select

    while True:
        ready, _, _ = select.select([reader], [], [], progress.left() if progress else None)
        if ready:
            data = os.read(reader, 65536)
            if not data:
                return
            kept.add(data)
        if progress:
            progress.tell()


class _Progress:
    """A line now and then about what takes long."""

    def __init__(self, what: str, kept: Log, report: Report) -> None:
        self._what = what
        self._kept = kept
        self._report = report
        self._pace = Pace()
        self.left = self._pace.left

    def tell(self) -> None:
        if not self._pace.is_due():
            return
        last = next((line for line in reversed(self._kept.last()) if line.strip()), "")
        words = "%s: %d s, %d lines: %s"
        line = words % (self._what, self._pace.seconds, self._kept.lines, last.strip())
        self._report(line[:WIDTH])


class _signals:
    """What would end us at once ends us in order while commands run."""

    def __enter__(self) -> None:
        import signal
        import threading

        self._old: dict[Any, Any] = {}
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGHUP):
                self._old[number] = signal.signal(number, _terminate)

    def __exit__(self, *_: object) -> None:
        import signal

        for number, old in self._old.items():
            signal.signal(number, old)


def _terminate(number: int, _frame: object) -> None:
    raise Terminated(128 + number)


def _failed(what: str, command: str, status: int, code: int, log: str) -> Trouble:
    first = command.strip().split("\n")[0]
    shown = first if len(first) <= WIDTH else first[:WIDTH] + " ..."
    how = "signal %d ended it" % (status - 128) if status > 128 else "status %d" % status
    hint = NOT_FOUND if status == NO_PROGRAM else ""
    return Trouble(code, "%s: %s: %s" % (what, how, shown), hint, log)
