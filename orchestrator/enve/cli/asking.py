"""Asking on the terminal while connections stay alive and Ctrl-C works at once.

A blocking read would starve the event loop: keepalives stop, and the first Ctrl-C is lost.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from enve.cli.color import is_terminal
from enve.core.printable import printable

if TYPE_CHECKING:
    from enve.cli.progress import Report


def asker(report: Report) -> Callable[[str], Awaitable[bool]] | None:
    """A question to the person at the terminal; None where there is none."""
    if not (is_terminal(sys.stdin) and is_terminal(sys.stderr)):
        return None

    async def ask(question: str) -> bool:
        with report.paused():
            sys.stderr.write(f"{printable(question)} [y/N] ")
            sys.stderr.flush()
            await _readable(sys.stdin.fileno())
            answer = sys.stdin.readline()
        if not answer:
            sys.stderr.write("\n")
        return answer.strip().lower() in ("y", "yes")

    return ask


async def _readable(descriptor: int) -> None:
    """Wait for a line (a terminal gives whole lines) or the end."""
    loop, ready = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(descriptor, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(descriptor)
