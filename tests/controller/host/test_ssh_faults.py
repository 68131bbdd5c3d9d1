"""Servers that misbehave at every phase: each ends in its own kind, none past its deadline."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from enve.app import fleet
from enve.errors import NodeFailure, Unreachable
from enve.host.base import Host
from enve.host.connect import Connector
from enve.host.options import SshOptions
from enve.model.report import Result
from enve.model.site import Connection, Node

pytestmark = pytest.mark.real
QUICK = 1.0  # the connect timeout of these tests, seconds
HANDSHAKE = 20.0  # where the server is to succeed: a slow machine must not matter
BANNER = b"SSH-2.0-fault\r\n"


@asynccontextmanager
async def raw(
    answer: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[int]:
    """A TCP server that does what `answer` does; its port."""
    tasks: set[asyncio.Task[Any]] = set()

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        with contextlib.suppress(asyncio.CancelledError, ConnectionError):
            await answer(reader, writer)
        writer.close()

    server = await asyncio.start_server(one, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(3600)


async def banner_then_silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(BANNER)
    await asyncio.sleep(3600)


async def closes_at_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    return


async def banner_then_closes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(BANNER)
    await writer.drain()
    await reader.readline()


async def no_ssh_at_all(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n" + b"x" * 70_000)
    await writer.drain()
    await asyncio.sleep(3600)


async def garbage_after_the_banner(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    writer.write(BANNER + bytes(range(255, -1, -1)) * 64)
    await writer.drain()
    await asyncio.sleep(3600)


RAW = [
    (silent, "timeout", "said nothing"),
    (banner_then_silent, "timeout", "said nothing"),
    (closes_at_once, "lost", ""),
    (banner_then_closes, "lost", ""),
    (no_ssh_at_all, "lost", ""),
    (garbage_after_the_banner, "lost", ""),
]


@pytest.mark.parametrize(
    ("answer", "kind", "told"), RAW, ids=lambda value: getattr(value, "__name__", "")
)
def test_no_connection_comes_about(answer: Any, kind: str, told: str, tmp_path: Path) -> None:
    async def main() -> None:
        async with raw(answer) as port, connector(tmp_path, QUICK) as connect:
            with pytest.raises(Unreachable) as caught:
                await connect(node(port), deadline=60)
            assert caught.value.kind == kind, caught.value
            assert told in str(caught.value)

    within(main, 20)


def test_nobody_listens(tmp_path: Path) -> None:
    async def main() -> None:
        async with raw(silent) as port:
            pass
        async with connector(tmp_path, HANDSHAKE) as connect:
            with pytest.raises(Unreachable) as caught:
                await connect(node(port), deadline=60)
            assert caught.value.kind == "refused"

    within(main, 20)


def test_a_name_that_is_none(tmp_path: Path) -> None:
    async def main() -> None:
        async with connector(tmp_path, HANDSHAKE) as connect:
            with pytest.raises(Unreachable) as caught:
                await connect(node(22, host="no-such-host.invalid"), deadline=60)
            assert caught.value.kind in ("unresolved", "timeout")

    within(main, 40)


class Server(asyncssh.SSHServer):
    """Lets everybody in."""

    def begin_auth(self, username: str) -> Any:
        return False


class Endless(asyncssh.SSHServer):
    """Lets nobody in, and never says so."""

    async def begin_auth(self, username: str) -> bool:
        await asyncio.sleep(3600)
        return False


Process = Callable[[Any], Awaitable[None]]


@asynccontextmanager
async def ssh_server(
    known: Path, process: Process | None, kind: type[asyncssh.SSHServer] = Server
) -> AsyncIterator[int]:
    """An ssh server of asyncssh's; writes its key into `known`."""
    key = asyncssh.generate_private_key("ssh-ed25519")
    more: dict[str, Any] = {"process_factory": process} if process else {}
    server = await asyncssh.listen(
        "127.0.0.1", 0, server_factory=kind, server_host_keys=[key], encoding=None, **more
    )
    port = server.sockets[0].getsockname()[1]
    with known.open("w") as file:
        file.write(f"[127.0.0.1]:{port} {key.export_public_key().decode()}")
    try:
        yield port
    finally:
        server.close()
        await server.wait_closed()


def test_a_login_that_never_ends(tmp_path: Path) -> None:
    async def main() -> None:
        async with (
            ssh_server(tmp_path / "known", None, Endless) as port,
            connector(tmp_path, QUICK * 3) as connect,
        ):
            with pytest.raises(Unreachable) as caught:
                await connect(node(port), deadline=60)
            assert caught.value.kind == "timeout"

    within(main, 30)


def run_on(process: Process, work: Any, tmp_path: Path) -> None:
    async def main() -> None:
        async with (
            ssh_server(tmp_path / "known", process) as port,
            connector(tmp_path, HANDSHAKE) as connect,
        ):
            host = await connect(node(port), deadline=60)
            try:
                await work(host)
            finally:
                await host.close()

    within(main, 60)


def test_a_command_that_hangs_ends_at_its_deadline(tmp_path: Path) -> None:
    async def hangs(process: Any) -> None:
        await asyncio.sleep(3600)

    async def work(host: Host) -> None:
        with pytest.raises(TimeoutError):
            await host.run("true", deadline=0.3)

    run_on(hangs, work, tmp_path)


def test_a_server_that_drops_the_connection_in_the_middle(tmp_path: Path) -> None:
    async def drops(process: Any) -> None:
        process.stdout.write(b"half an ans")
        await process.stdout.drain()
        process.channel.get_connection().abort()

    async def work(host: Host) -> None:
        with pytest.raises(Unreachable) as caught:
            await host.run("true", deadline=30)
        assert caught.value.kind == "lost"

    run_on(drops, work, tmp_path)


def test_a_channel_that_ends_without_a_status_is_lost(tmp_path: Path) -> None:
    async def closes(process: Any) -> None:
        process.channel.close()

    async def work(host: Host) -> None:
        with pytest.raises(Unreachable):
            await host.run("true", deadline=30)

    run_on(closes, work, tmp_path)


def test_a_line_that_never_ends_is_cut_off(tmp_path: Path) -> None:
    async def endless(process: Any) -> None:
        for _ in range(80):
            process.stdout.write(b"x" * 65_536)
            await process.stdout.drain()
        await asyncio.sleep(3600)

    async def work(host: Host) -> None:
        session = await host.open("true", deadline=30)
        with pytest.raises(NodeFailure, match="more than 4 MiB"):
            async for _ in session.lines():
                pass
        await session.close()

    run_on(endless, work, tmp_path)


def test_one_node_that_hangs_stalls_nobody(tmp_path: Path) -> None:
    """A fleet of good and hung nodes: the good ones are done, the others end at their deadline."""

    async def good(process: Any) -> None:
        process.stdout.write(b"ok")
        process.exit(0)

    async def work(host: Host) -> Result:
        done = await host.run("true", deadline=30)
        return Result(host.node.name, "unchanged", done.stdout.decode())

    async def main() -> None:
        async with (
            ssh_server(tmp_path / "known", good) as port,
            raw(silent) as hung,
            connector(tmp_path, QUICK * 3) as connect,
        ):
            nodes = [node(port if i % 2 else hung, name=f"n{i}") for i in range(12)]
            seen: list[Result] = []
            jobs = fleet.connected(connect, work, deadline=30, emit=lambda event: None)
            found = await fleet.each(
                nodes,
                jobs,
                forks=12,
                deadline=30,
                emit=lambda event: seen.append(event) if isinstance(event, Result) else None,
            )
        assert {r.node: r.outcome for r in found.values()} == {
            f"n{i}": "unchanged" if i % 2 else "unreachable" for i in range(12)
        }
        assert all(result.outcome == "unchanged" for result in seen[:6])

    within(main, 40)


def node(port: int, *, name: str = "bad", host: str = "127.0.0.1") -> Node:
    return Node(name, Connection(host=host, port=port, user="anybody"))


def connector(tmp_path: Path, seconds: float) -> Connector:
    options = SshOptions(
        tmp_path / "own",
        known_hosts=(str(tmp_path / "known"),),
        ssh_config="none",
        connect_timeout=seconds,
    )
    return Connector(options)


def within(main: Callable[[], Awaitable[None]], seconds: float) -> None:
    started = time.monotonic()
    asyncio.run(main())  # type: ignore[arg-type]
    assert time.monotonic() - started < seconds
