"""Long answers through a pager, where both ends are a terminal."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from argparse import Namespace

from enve.cli.color import is_terminal

DEFAULT = "less -FRX"


def show(text: str, args: Namespace) -> None:
    """Print the answer; through $PAGER when it is longer than the terminal and that is allowed."""
    command = _pager(text, args)
    if not command or not _paged(command, text):
        sys.stdout.write(text)


def _pager(text: str, args: Namespace) -> list[str]:
    if args.no_pager or not (is_terminal(sys.stdout) and is_terminal(sys.stdin)):
        return []
    if text.count("\n") < shutil.get_terminal_size().lines:
        return []
    wanted = os.environ.get("ENVE_PAGER", os.environ.get("PAGER", DEFAULT))
    try:
        words = shlex.split(wanted)
    except ValueError:
        return []
    return words if words and words != ["cat"] and shutil.which(words[0]) else []


def _paged(command: list[str], text: str) -> bool:
    import subprocess  # noqa: PLC0415

    sys.stdout.flush()
    # The text that comes here is printable, with colours of our own at most. An empty LESSOPEN:
    # nobody's preprocessor is run on it.
    env = {"LESS": "FRX", **os.environ, "LESSSECURE": "1"}
    try:
        subprocess.run(command, input=text.encode(errors="replace"), env=env, check=False)
    except OSError:
        return False
    return True
