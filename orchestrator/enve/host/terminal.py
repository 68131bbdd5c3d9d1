"""A command on a node with our own terminal in front of it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import signal
import termios
import threading
import tty
from collections.abc import Iterator

import asyncssh

READ = 4096  # bytes of keys at once
EARLY = 1 << 18  # bytes of lines that are taken before our terminal is raw; more come later
SHOWN = 1 << 16  # bytes of what is shown
QUIET = 2.0  # seconds that what has no more input says nothing, before it is hung up


async def over_ssh(connection: asyncssh.SSHClientConnection, line: str) -> int | None:
    """Run it on a terminal of its own there; ours stands for that one. The exit status (-signal;
    -SIGHUP where ours has ended); None: the connection was lost."""
    process = await connection.create_process(
        line, term_type=os.environ.get("TERM") or "xterm", term_size=_size(), encoding=None
    )
    loop = asyncio.get_running_loop()
    front, gone = _Front(process), asyncio.Event()
    early = _early()
    with _raw():
        shown = asyncio.create_task(front.show())
        left = {asyncio.create_task(front.type(*early)), asyncio.create_task(gone.wait())}
        loop.add_signal_handler(signal.SIGHUP, gone.set)
        loop.add_signal_handler(signal.SIGWINCH, lambda: process.change_terminal_size(*_size()))
        try:
            await asyncio.wait({shown, *left}, return_when=asyncio.FIRST_COMPLETED)
            if not shown.done():
                return -signal.SIGHUP
            await shown
            await process.wait_closed()
        finally:
            loop.remove_signal_handler(signal.SIGHUP)
            loop.remove_signal_handler(signal.SIGWINCH)
            for task in (shown, *left):
                task.cancel()
            process.close()
    return process.returncode


class _Front:
    """Our terminal in front of a process there. Its end is heard by `show`."""

    def __init__(self, process: asyncssh.SSHClientProcess[bytes]) -> None:
        self._process = process
        self._heard = asyncio.Event()  # something was shown

    async def show(self) -> None:
        """What it shows, to its end."""
        while data := await self._process.stdout.read(SHOWN):
            self._heard.set()
            await _write(data)

    async def type(self, data: bytes, over: bool) -> None:
        """Hand on what is typed, this first. Returns when nothing more comes (`over`), and nothing
        is shown any more either."""
        await self._send(data)
        while not over:
            data = await _typed()
            over = not data
            await self._send(data)
        with contextlib.suppress(TimeoutError):
            while True:
                self._heard.clear()
                async with asyncio.timeout(QUIET):
                    await self._heard.wait()

    async def _send(self, data: bytes) -> None:
        with contextlib.suppress(OSError, asyncssh.Error):
            self._process.stdin.write(data)
            await self._process.stdin.drain()


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


def _early() -> tuple[bytes, bool]:
    """The lines that were typed by now, and whether their end was: later it would be no end any
    more, but a character."""
    typed = b""
    with contextlib.suppress(OSError):
        while len(typed) < EARLY and select.select([0], [], [], 0)[0]:
            data = os.read(0, READ)
            typed += data
            if not data:
                return typed, True
    return typed, False


async def _typed() -> bytes:
    """Some keys; empty when our terminal has ended."""
    loop = asyncio.get_running_loop()
    there = asyncio.Event()
    loop.add_reader(0, there.set)
    try:
        await there.wait()
        return os.read(0, READ)
    except OSError:
        return b""
    finally:
        loop.remove_reader(0)


async def _write(data: bytes) -> None:
    """By a thread: one that is stuck (Ctrl-S) keeps nobody waiting but us. Raises OSError."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[OSError | None] = loop.create_future()

    def settle(error: OSError | None) -> None:
        if not done.done():
            done.set_result(error)

    def write() -> None:
        found = _put(data)
        with contextlib.suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(settle, found)

    threading.Thread(target=write, daemon=True).start()
    error = await done
    if error:
        raise error


def _put(data: bytes) -> OSError | None:
    while data:
        try:
            data = data[os.write(1, data) :]
        except BlockingIOError:  # somebody else has made it so
            select.select([], [1], [])
        except OSError as error:
            return error
    return None


@contextlib.contextmanager
def _raw() -> Iterator[None]:
    """Keys go as they are typed; our terminal is as before at every end, also one that is stuck."""
    before = termios.tcgetattr(0)
    tty.setraw(0, termios.TCSANOW)
    try:
        yield
    finally:
        termios.tcsetattr(0, termios.TCSANOW, before)
