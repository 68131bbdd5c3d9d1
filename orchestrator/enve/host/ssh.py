"""A Host over ssh: one asyncssh connection, one channel a command, every wait with a deadline."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable

import asyncssh

from enve.host import become as become_module
from enve.host import sshfail
from enve.host.base import Completed
from enve.host.become import Become
from enve.host.command import Command
from enve.host.options import SAY_GOODBYE, file_pieces, pieces
from enve.host.output import Lines
from enve.model.site import Node


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

    async def attend(self, command: str, *, become: bool = True) -> int:
        """Run it on a terminal of its own, for which ours stands."""
        from enve.host import terminal  # noqa: PLC0415

        wanted = become and self.node.connection.become.enabled
        line = Become.on_terminal(command) if wanted else become_module.plain(command)
        try:
            status = await terminal.over_ssh(self._connection, line)
        except (asyncssh.Error, OSError) as error:
            raise sshfail.lost(self._place, error) from None
        if status is None:
            raise sshfail.lost(self._place, None)
        return status

    async def close(self) -> None:
        """End the connection; a server that does not let go is left."""
        self._connection.close()
        try:
            with contextlib.suppress(TimeoutError, asyncssh.Error, OSError):
                async with asyncio.timeout(SAY_GOODBYE):
                    await self._connection.wait_closed()
        finally:
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
