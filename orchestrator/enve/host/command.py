"""asyncssh's side of one command over a channel: its output, its input, its end."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterable
from typing import Any

import asyncssh

from enve.host import sshfail
from enve.host.output import Output

WAITING = 64  # pieces of a session's output that nobody has taken yet


class Command(asyncssh.SSHClientSession[bytes]):
    """Gathers output, holds input back, knows the end."""

    def __init__(self) -> None:
        self.output = Output()
        self.lines: asyncio.Queue[bytes | None] | None = None  # set: stdout goes there
        self.ended = asyncio.get_running_loop().create_future()
        self.status: int | None = None
        self._error: Exception | None = None
        self._writable = asyncio.Event()
        self._writable.set()
        self._channel: Any = None

    def connection_made(self, chan: Any) -> None:
        self._channel = chan

    def data_received(self, data: bytes, datatype: Any) -> None:
        errors = datatype == asyncssh.EXTENDED_DATA_STDERR
        if self.lines is not None and not errors:
            self.lines.put_nowait(data)
            if self.lines.qsize() > WAITING:
                self._channel.pause_reading()  # the node waits, our memory does not grow
        elif not self.output.add(data, errors=errors):
            self._channel.abort()

    async def next(self) -> bytes | None:
        """What stdout brings next to a session; None at its end."""
        assert self.lines is not None  # noqa: S101  a session has set it
        data = await self.lines.get()
        if self.lines.empty():
            self._channel.resume_reading()
        return data

    def exit_status_received(self, status: int) -> None:
        self.status = status

    def exit_signal_received(self, name: str, dumped: bool, message: str, lang: str) -> None:
        self.status = -int(getattr(signal.Signals, f"SIG{name}", signal.SIGKILL))

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def connection_lost(self, error: Exception | None) -> None:
        self._error = error
        self._writable.set()
        if self.lines is not None:
            self.lines.put_nowait(None)
        if not self.ended.done():
            self.ended.set_result(None)

    async def feed(self, before: bytes, chunks: Iterable[bytes]) -> None:
        """Write the whole input; a command that stops reading early is no error."""
        try:
            self._channel.write(before)
            for chunk in chunks:
                await self._writable.wait()
                if self.ended.done():
                    return
                self._channel.write(chunk)
            self._channel.write_eof()
        except OSError:
            return

    def result(self, place: str) -> int:
        """The exit status. Raises Unreachable when the connection went before it came."""
        if self.status is None:
            raise sshfail.lost(place, self._error)
        return self.status
