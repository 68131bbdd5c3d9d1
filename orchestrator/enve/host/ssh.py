"""A Host over ssh: one asyncssh connection, one channel a command, every wait with a deadline."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Iterable
from typing import Any

import asyncssh

from enve.host import become as become_module
from enve.host import sshfail
from enve.host.base import Completed
from enve.host.become import Become
from enve.host.options import SAY_GOODBYE, file_pieces, pieces
from enve.host.output import Lines, Output
from enve.model.site import Node

WAITING = 64  # pieces of a session's output that nobody has taken yet


class SshHost:
    """An open connection to one node (`enve.host.base.Host`)."""

    def __init__(
        self, node: Node, connection: asyncssh.SSHClientConnection, password: str | None
    ) -> None:
        self.node = node
        self._connection = connection
        self._password = password  # given: sudo may ask, wherever it does

    async def run(
        self, command: str, *, stdin: bytes | memoryview = b"", deadline: float, become: bool = True
    ) -> Completed:
        """Run a POSIX sh command line to its end."""
        return await self._run(command, pieces(stdin), deadline, become)

    async def put(self, command: str, path: str, *, deadline: float) -> Completed:
        """Run a command with a local file as its stdin; never more than a chunk is in memory."""
        return await self._run(command, file_pieces(path), deadline, True)

    async def open(self, command: str, *, deadline: float, become: bool = True) -> SshSession:
        """Start a command that goes on. `deadline`: seconds for the start."""
        root = self._root(become)
        async with asyncio.timeout(deadline):
            channel, task = await self._start(command, root)
        if root and root.before:
            channel.write(root.before)
        return SshSession(self._place, channel, task, root)

    async def close(self) -> None:
        """End the connection; a server that does not let go is left."""
        self._connection.close()
        with contextlib.suppress(TimeoutError, asyncssh.Error, OSError):
            async with asyncio.timeout(SAY_GOODBYE):
                await self._connection.wait_closed()
        self._connection.abort()

    @property
    def _place(self) -> str:
        return self.node.name

    def _root(self, become: bool) -> Become | None:
        wanted = become and self.node.connection.become.enabled
        return Become.new(self._password) if wanted else None

    async def _run(
        self, command: str, chunks: Iterable[bytes], deadline: float, become: bool
    ) -> Completed:
        root = self._root(become)
        async with asyncio.timeout(deadline):
            channel, task = await self._start(command, root)
            try:
                await task.feed(root.before if root else b"", chunks)
                await task.ended
            except BaseException:
                channel.abort()
                raise
        task.output.check()
        status = task.result(self._place)
        stderr = root.own_errors(task.output.stderr) if root else task.output.stderr
        return Completed(status, task.output.stdout, stderr)

    async def _start(
        self, command: str, root: Become | None
    ) -> tuple[asyncssh.SSHClientChannel[bytes], Command]:
        line = root.command(command) if root else become_module.plain(command)
        task = Command()
        try:
            channel, _ = await self._connection.create_session(lambda: task, line, encoding=None)
        except (asyncssh.Error, OSError) as error:
            raise sshfail.lost(self._place, error) from None
        return channel, task


class Command(asyncssh.SSHClientSession[bytes]):
    """asyncssh's side of one command: gathers output, holds input back, knows the end."""

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


class SshSession:
    """A command that is still running (`enve.host.base.Session`)."""

    def __init__(
        self,
        place: str,
        channel: asyncssh.SSHClientChannel[bytes],
        task: Command,
        root: Become | None,
    ) -> None:
        self._place, self._channel, self._task, self._root = place, channel, task, root
        early, task.lines = task.output.stdout, asyncio.Queue()
        if early:
            task.lines.put_nowait(early)
        if task.ended.done():
            task.lines.put_nowait(None)

    @property
    def status(self) -> int | None:
        """The exit status, None before the end."""
        return self._task.status

    async def lines(self) -> AsyncIterator[bytes]:
        """stdout, line by line, to its end. Raises Unreachable when the connection is lost."""
        cutter = Lines()
        while (data := await self._task.next()) is not None:
            for line in cutter.add(data):
                yield line
        for line in cutter.end():
            yield line
        self._task.result(self._place)
        if self._root:
            self._root.own_errors(self._task.output.stderr)

    async def close(self) -> None:
        """End stdin, so that the command ends; then leave it."""
        with contextlib.suppress(OSError, TimeoutError):
            self._channel.write_eof()
            async with asyncio.timeout(SAY_GOODBYE):
                await asyncio.shield(self._task.ended)
        self._channel.close()
