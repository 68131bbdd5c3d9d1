"""A command on a node with our own terminal in front of it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import termios
import tty
from collections.abc import Iterator

import asyncssh

READ = 4096  # bytes of keys at once


async def over_ssh(connection: asyncssh.SSHClientConnection, line: str) -> int | None:
    """Run it on a terminal of its own there; ours stands for that one. The exit status (-signal);
    None: the connection was lost."""
    process = await connection.create_process(
        line, term_type=os.environ.get("TERM") or "xterm", term_size=_size(), encoding=None
    )
    loop = asyncio.get_running_loop()
    typing: asyncio.Queue[bytes] = asyncio.Queue()

    def typed() -> None:
        with contextlib.suppress(OSError):
            typing.put_nowait(os.read(0, READ))

    async def hand_on() -> None:
        while data := await typing.get():
            process.stdin.write(data)
            await process.stdin.drain()
        process.stdin.write_eof()

    with _raw():
        loop.add_reader(0, typed)
        loop.add_signal_handler(signal.SIGHUP, process.close)
        loop.add_signal_handler(signal.SIGWINCH, lambda: process.change_terminal_size(*_size()))
        task = asyncio.create_task(hand_on())
        try:
            while data := await process.stdout.read(1 << 16):
                _show(data)
            await process.wait_closed()
        finally:
            loop.remove_reader(0)
            loop.remove_signal_handler(signal.SIGHUP)
            loop.remove_signal_handler(signal.SIGWINCH)
            task.cancel()
            process.close()
    return process.returncode


async def here(line: str) -> int:
    """The same on this machine: the command has our terminal itself."""
    held = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT,)}
    try:
        process = await asyncio.create_subprocess_exec("/bin/sh", "-c", line)
        return await process.wait()
    finally:
        for number, handler in held.items():
            signal.signal(number, handler)


def _size() -> tuple[int, int]:
    """(columns, rows)"""
    try:
        columns, rows = os.get_terminal_size(0)
    except OSError:
        return 80, 24
    return columns, rows


def _show(data: bytes) -> None:
    while data:
        data = data[os.write(1, data) :]


@contextlib.contextmanager
def _raw() -> Iterator[None]:
    """Keys go as they are typed; our terminal is as before at every end."""
    before = termios.tcgetattr(0)
    tty.setraw(0, termios.TCSANOW)
    try:
        yield
    finally:
        termios.tcsetattr(0, termios.TCSADRAIN, before)
