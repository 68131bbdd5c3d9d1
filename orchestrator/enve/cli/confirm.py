"""Asking before something is done, and asking for passwords: on the terminal, nowhere else."""

from __future__ import annotations

import sys

from enve.cli.color import is_terminal
from enve.errors import UsageError


def ask(question: str, *, assume: bool = False) -> bool:
    """Whether the user says yes; the default is no. `assume` (--yes): yes, without asking."""
    if assume:
        return True
    if not is_terminal(sys.stdin):
        raise UsageError(
            "this needs a yes, and there is no terminal to ask on",
            hint="give --yes, or look first with --check",
        )
    sys.stderr.write(f"{question} [y/N] ")
    sys.stderr.flush()
    answer = sys.stdin.readline()
    if not answer:
        sys.stderr.write("\n")
    return answer.strip().lower() in ("y", "yes")


def password(prompt: str) -> str:
    """A password, typed unseen on the terminal."""
    import getpass  # noqa: PLC0415

    if not is_terminal(sys.stdin):
        raise UsageError(f"{prompt}: there is no terminal to ask on")
    try:
        return getpass.getpass(f"{prompt}: ", stream=sys.stderr)
    except EOFError:
        raise UsageError(f"{prompt}: nothing was typed") from None
