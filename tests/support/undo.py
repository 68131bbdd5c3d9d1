"""What a test changed on this machine is undone, also when the test's process dies.

A shell holds the commands and runs them, the last one first, when its input ends: then this process
closed it, or is no more. Processes end with the one that started them, by `DIE`.
"""

from __future__ import annotations

import shlex
import subprocess

DIE = ("setpriv", "--pdeathsig", "KILL")  # before a command: it is killed when its starter dies
SCRIPT = """\
trap '' INT TERM HUP
undo=
while IFS= read -r line; do undo="$line
$undo"; done
eval "$undo"
"""


class Undo:
    def __init__(self) -> None:
        self._shell = subprocess.Popen(
            ["sh", "-c", SCRIPT],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def later(self, *command: str) -> None:
        """To be run at the end; whether it fails is nobody's matter."""
        assert self._shell.stdin
        self._shell.stdin.write(f"{shlex.join(command)}\n".encode())
        self._shell.stdin.flush()

    def now(self) -> None:
        self._shell.communicate(timeout=60)
