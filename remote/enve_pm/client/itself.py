"""The command `pm` of a shell that stands for a pm."""

from __future__ import annotations

import os
import shlex

from enve_pm.shell.guard import program
from enve_pm.shell.terminal.terminalwords import FOLDER


def programs(home: str) -> str:
    """A folder with a command `pm` that is this program. Raises OSError."""
    folder = f"{home}/{FOLDER}/bin"
    os.makedirs(folder, 0o700, exist_ok=True)
    path = f"{folder}/pm"
    start = " ".join(shlex.quote(word) for word in program.argv(program.here()))
    with open(f"{path}.new", "w", encoding="utf-8") as file:
        file.write(f'#!/bin/sh\nexec {start} "$@"\n')
    os.chmod(f"{path}.new", 0o700)
    os.rename(f"{path}.new", path)
    return folder
