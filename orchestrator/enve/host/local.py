"""A Host that is this machine: the same protocol by child processes."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Iterable

from enve.errors import Unreachable
from enve.host.base import Completed
from enve.host.become import Become
from enve.host.options import SAY_GOODBYE, file_pieces, pieces
from enve.host.output import Lines, Output
from enve.model.site import Node

READ = 1 << 16  # bytes


class LocalHost:
    """This machine as one node (`enve.host.base.Host`)."""

    def __init__(self, node: Node, password: str | None) -> None:
        self.node = node
        self._password = password  # given: sudo may ask, wherever it does

    async def run(
        self, command: str, *, stdin: bytes | memoryview = b"", deadline: float, become: bool = True
    ) -> Completed:
        """Run a POSIX sh command line to its end."""
        return await self._run(command, pieces(stdin), deadline, become)

    async def put(self, command: str, path: str, *, deadline: float) -> Completed:
        """Run a command with a file as its stdin."""
        return await self._run(command, file_pieces(path), deadline, True)

    async def open(self, command: str, *, deadline: float, become: bool = True) -> LocalSession:
        """Start a command that goes on."""
        root = self._root(become)
        process = await self._start(command, root)
        if root and process.stdin:
            process.stdin.write(root.before)
        return LocalSession(process, root)

    async def attend(self, command: str, *, become: bool = True) -> int:
        """Run it on our own terminal."""
        from enve.host import terminal  # noqa: PLC0415

        wanted = become and self.node.connection.become.enabled
        return await terminal.here(Become.on_terminal(command) if wanted else command)

    async def close(self) -> None:
        """Nothing to close."""

    def _root(self, become: bool) -> Become | None:
        wanted = become and self.node.connection.become.enabled
        return Become.new(self._password) if wanted else None

    async def _run(
        self, command: str, chunks: Iterable[bytes], deadline: float, become: bool
    ) -> Completed:
        root = self._root(become)
        process = await self._start(command, root)
        output = Output()
        try:
            async with asyncio.timeout(deadline):
                await asyncio.gather(
                    _feed(process, root.before if root else b"", chunks),
                    _gather(process.stdout, output, process, errors=False),
                    _gather(process.stderr, output, process, errors=True),
                )
                status = await process.wait()
        finally:
            await _end(process)
        output.check()
        stderr = root.own_errors(output.stderr) if root else output.stderr
        return Completed(status, output.stdout, stderr)

    async def _start(self, command: str, root: Become | None) -> asyncio.subprocess.Process:
        line = root.command(command) if root else command
        pipe = asyncio.subprocess.PIPE
        try:
            return await asyncio.create_subprocess_exec(
                *("/bin/sh", "-c", line),
                stdin=pipe,
                stdout=pipe,
                stderr=pipe,
                start_new_session=True,
            )
        except OSError as error:
            raise Unreachable(f"{self.node.name}: no sh here: {error}", kind="lost") from None


class LocalSession:
    """A command that is still running (`enve.host.base.Session`)."""

    def __init__(self, process: asyncio.subprocess.Process, root: Become | None) -> None:
        self._process, self._root = process, root
        self._errors = Output()
        self._reader = asyncio.create_task(
            _gather(process.stderr, self._errors, process, errors=True)
        )

    @property
    def status(self) -> int | None:
        """The exit status, None before the end."""
        return self._process.returncode

    async def lines(self) -> AsyncIterator[bytes]:
        """stdout, line by line, to its end."""
        cutter, stream = Lines(), self._process.stdout
        while stream is not None and (data := await stream.read(READ)):
            for line in cutter.add(data):
                yield line
        for line in cutter.end():
            yield line
        await self._process.wait()
        await self._reader
        if self._root:
            self._root.own_errors(self._errors.stderr)

    async def close(self) -> None:
        """End stdin, so that the command ends; what stays is killed."""
        if self._process.stdin:
            self._process.stdin.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SAY_GOODBYE):
                await self._process.wait()
        await _end(self._process)
        self._reader.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._reader


async def _feed(
    process: asyncio.subprocess.Process, before: bytes, chunks: Iterable[bytes]
) -> None:
    stdin = process.stdin
    if stdin is None:
        return
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        stdin.write(before)
        for chunk in chunks:
            stdin.write(chunk)
            await stdin.drain()
    stdin.close()
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        await stdin.wait_closed()


async def _gather(
    stream: asyncio.StreamReader | None,
    output: Output,
    process: asyncio.subprocess.Process,
    *,
    errors: bool,
) -> None:
    while stream is not None and (data := await stream.read(READ)):
        if not output.add(data, errors=errors):
            _kill(process)
            return


async def _end(process: asyncio.subprocess.Process) -> None:
    """Nothing of the command is left behind when we stop listening to it; but what sudo made root
    is not ours to kill: it sees the end of its input, and is not waited for."""
    if process.returncode is None:
        _kill(process)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SAY_GOODBYE):
                await process.wait()
    transport = process._transport  # type: ignore[attr-defined]
    with contextlib.suppress(PermissionError):
        transport.close()


def _kill(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
