"""`pm terminal`: a shell that stands for a pm of its own; who leaves it stops that pm.

This process is the monitor of both: it ends the pm when the shell has ended, and the kernel asks
the pm to end when this process is killed.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile

from enve_pm.client import itself, unitfile
from enve_pm.client.ownpm import OwnPm
from enve_pm.core.canonical import dumps
from enve_pm.shell import words
from enve_pm.shell.process import mountinfo
from enve_pm.shell.words import FAILED, USAGE, Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

FLAGS = {"--home": True, "--units": True}
HELD = (signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP, signal.SIGTTOU)  # the shell's affair
ENDS = (signal.SIGTERM, signal.SIGHUP)


def run(arguments: Sequence[str]) -> int:
    options, command = words.split(arguments, FLAGS)
    lines = unitfile.read(options["--units"]) if "--units" in options else {}
    kept = options.get("--home", "")
    home = os.path.abspath(kept) if kept else tempfile.mkdtemp(prefix="pm-")
    try:
        return _stand(home, {name: dumps(line).decode() for name, line in lines.items()}, command)
    finally:
        if not kept:
            _remove(home)


def _stand(home: str, lines: dict[str, str], command: Sequence[str]) -> int:
    """Returns the shell's exit status. Raises Failure."""
    argv = list(command) or [os.environ.get("SHELL") or "/bin/sh"]
    file = shutil.which(argv[0])
    if file is None:
        raise Failure(USAGE, f"there is no program {argv[0]!r}; $SHELL, or -- COMMAND, names it")
    own = OwnPm(home)
    own.start()
    try:
        if lines:
            own.load(lines)
        path = f"{itself.programs(home)}:{os.environ.get('PATH', os.defpath)}"
        status = _shell(file, argv, {**os.environ, "PMHOME": home, "PATH": path})
    finally:
        ended = own.stop()
    if ended:
        raise Failure(FAILED, f"its pm ended with {ended}; {own.log} says why")
    return status


def _shell(file: str, argv: list[str], env: dict[str, str]) -> int:
    """Run it in the foreground; keys that end programs are its own affair. The exit status."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in HELD}
    pid, asked = 0, False

    def end(number: int, _: object) -> None:
        nonlocal asked
        asked = True  # perhaps before it is known whom to tell
        if pid:
            os.kill(pid, signal.SIGHUP)  # shells that talk to people do not hear TERM

    before.update((number, signal.signal(number, end)) for number in ENDS)
    try:
        pid = os.posix_spawn(file, argv, env, setsigdef=(*HELD, *ENDS, signal.SIGPIPE))
        if asked:
            os.kill(pid, signal.SIGHUP)
        status = os.waitpid(pid, 0)[1]
        _take_terminal()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def _take_terminal() -> None:
    """The shell may have left it to a group of its own."""
    try:
        os.tcsetpgrp(0, os.getpgrp())
    except OSError:
        pass  # 0 is no terminal, or not that of our session


def _remove(home: str) -> None:
    """All that was only for this time, unless something is still mounted in it."""
    if mountinfo.below(os.path.realpath(home), mountinfo.read()):
        print(f"pm: something is still mounted in {home}; it stays", file=sys.stderr)
    else:
        shutil.rmtree(home, ignore_errors=True)
