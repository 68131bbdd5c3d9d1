"""SshHost against real OpenSSH servers: commands, both outputs, input of any size, host keys."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path

import asyncssh
import pytest
from tests.support.lab import Lab, SshNode, make_key

from enve.errors import InputError, MissingError, NodeFailure, Unreachable
from enve.host.base import Host
from enve.host.connect import Connector
from enve.host.dial import Dialer
from enve.host.local import LocalHost
from enve.host.options import SshOptions
from enve.model.site import Connection, Node

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab(2) as made:
        yield made


@pytest.fixture
def options(lab: Lab, tmp_path: Path) -> SshOptions:
    return SshOptions(tmp_path / "own", known_hosts=(str(lab.known_hosts),), ssh_config="none")


def node_of(made: SshNode, **changes: object) -> Node:
    connection = Connection(
        host=made.address, port=made.port, user=made.user, key=str(made.key), host_key="strict"
    )
    return Node(made.name, replace(connection, **changes))  # type: ignore[arg-type]


def on(node: Node, options: SshOptions, work: Callable[[Host], Awaitable[object]]) -> object:
    async def main() -> object:
        async with Connector(options) as connect:
            host = await connect(node, deadline=20)
            try:
                return await work(host)
            finally:
                await host.close()

    return asyncio.run(main())


def test_a_command_has_a_status_and_two_outputs(lab: Lab, options: SshOptions) -> None:
    async def work(host: Host) -> None:
        done = await host.run("echo out; echo err >&2; exit 7", deadline=20)
        assert (done.status, done.stdout, done.stderr) == (7, b"out\n", b"err\n")
        killed = await host.run("kill -9 $$", deadline=20)
        assert killed.status == -9

    on(node_of(lab.nodes[0]), options, work)


def test_input_of_any_size_arrives_whole(lab: Lab, options: SshOptions, tmp_path: Path) -> None:
    data = bytes(range(256)) * 20_000
    (tmp_path / "file").write_bytes(data)

    async def work(host: Host) -> None:
        done = await host.run("wc -c", stdin=data, deadline=30)
        assert int(done.stdout) == len(data)
        assert (await host.run("cat", stdin=memoryview(data), deadline=30)).stdout == data
        put = await host.put("cat", str(tmp_path / "file"), deadline=30)
        assert put.stdout == data
        assert (await host.run("true", stdin=data, deadline=30)).status == 0  # reads nothing of it

    on(node_of(lab.nodes[0]), options, work)


def test_a_file_that_is_not_there_is_told_at_once(
    lab: Lab, options: SshOptions, tmp_path: Path
) -> None:
    """Not taken for a command that stopped reading: that would wait for the deadline."""

    async def work(host: Host) -> None:
        for one in (host, LocalHost(host.node, None)):
            with pytest.raises(InputError, match="No such file") as caught:
                await one.put("cat", str(tmp_path / "gone"), deadline=30)
            assert str(caught.value.where) == str(tmp_path / "gone")

    on(node_of(lab.nodes[0]), options, work)


def test_endless_output_is_cut_off(lab: Lab, options: SshOptions) -> None:
    async def work(host: Host) -> None:
        with pytest.raises(NodeFailure, match="printed more than 16 MiB"):
            await host.run("yes", deadline=60)

    on(node_of(lab.nodes[0]), options, work)


def test_a_deadline_ends_a_command_and_the_connection_goes_on(
    lab: Lab, options: SshOptions
) -> None:
    async def work(host: Host) -> None:
        with pytest.raises(TimeoutError):
            await host.run("exec sleep 600", deadline=0.3)
        assert (await host.run("echo on", deadline=20)).stdout == b"on\n"

    on(node_of(lab.nodes[0]), options, work)


def test_a_session_gives_lines_until_its_stdin_ends(lab: Lab, options: SshOptions) -> None:
    async def work(host: Host) -> None:
        session = await host.open("echo a; echo b; cat >/dev/null; echo c", deadline=20)
        lines = session.lines()
        assert [await anext(lines), await anext(lines)] == [b"a", b"b"]
        await session.close()
        assert [line async for line in lines] == [b"c"]

    on(node_of(lab.nodes[0]), options, work)


def test_a_node_that_goes_away_in_the_middle_is_lost(tmp_path: Path) -> None:
    with Lab(1) as lab:
        made = lab.nodes[0]
        options = SshOptions(
            tmp_path / "own", known_hosts=(str(lab.known_hosts),), ssh_config="none"
        )

        async def work(host: Host) -> None:
            session = await host.open("echo here; cat", deadline=20)
            lines = session.lines()
            assert await anext(lines) == b"here"
            made.stop()
            with pytest.raises(Unreachable) as caught:
                await anext(lines)
            assert caught.value.kind == "lost"
            with pytest.raises(Unreachable):
                await host.run("true", deadline=20)

        on(node_of(made), options, work)


@pytest.mark.parametrize("how", ["unknown", "changed", "pinned"])
def test_a_host_key_that_is_not_the_right_one_ends_the_connection(
    how: str, lab: Lab, tmp_path: Path
) -> None:
    made, other = lab.nodes
    known = tmp_path / "known"
    known.write_text("" if how == "unknown" else f"[{made.address}]:{made.port} {other.host_key}\n")
    options = SshOptions(tmp_path / "own", known_hosts=(str(known),), ssh_config="none")
    node = node_of(made)
    if how == "pinned":
        node = node_of(made, host_key="pinned", pinned=other.host_key)
    with pytest.raises(Unreachable) as caught:
        on(node, options, _nothing)
    assert caught.value.kind == "hostkey"
    assert {"unknown": "not known", "changed": "changed", "pinned": "pinned"}[how] in str(
        caught.value
    )


def test_accept_new_learns_once_and_is_strict_from_then_on(lab: Lab, tmp_path: Path) -> None:
    made = lab.nodes[0]
    empty = tmp_path / "none"
    options = SshOptions(tmp_path / "own", known_hosts=(str(empty),), ssh_config="none")
    on(node_of(made), replace(options, accept_new=True), _nothing)
    assert (tmp_path / "own").read_text() == made.known_hosts_line
    on(node_of(made), options, _nothing)
    on(node_of(made, host_key="pinned", pinned=made.host_key), options, _nothing)
    (tmp_path / "own").write_text(f"[{made.address}]:{made.port} {lab.nodes[1].host_key}\n")
    with pytest.raises(Unreachable, match="changed"):
        on(node_of(made), replace(options, accept_new=True), _nothing)


def test_a_new_host_key_that_cannot_be_kept_leaves_no_connection(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    options = SshOptions(tmp_path / "file/own", ssh_config="none", accept_new=True)
    made: list[asyncssh.SSHClientConnection] = []
    real = Dialer._handshake

    async def kept(*args: object) -> asyncssh.SSHClientConnection:
        made.append(await real(*args))  # type: ignore[arg-type]
        return made[0]

    monkeypatch.setattr(Dialer, "_handshake", kept)
    with pytest.raises(MissingError, match="can't be written"):
        on(node_of(lab.nodes[0]), options, _nothing)
    assert made[0].is_closed()


def test_a_login_that_is_refused_names_the_keys(
    lab: Lab, options: SshOptions, tmp_path: Path
) -> None:
    make_key(tmp_path / "stranger")
    with pytest.raises(Unreachable, match="1 key shown") as caught:
        on(node_of(lab.nodes[0], key=str(tmp_path / "stranger")), options, _nothing)
    assert caught.value.kind == "login"


def test_one_node_is_reached_through_another(lab: Lab, options: SshOptions) -> None:
    jump, made = lab.nodes
    options = replace(options, private_key=str(made.key))
    way = f"{jump.user}@{jump.address}:{jump.port}"

    async def work(host: Host) -> None:
        done = await host.run('printf %s "$HOME"', deadline=20)
        assert done.stdout.decode() == str(made.home)

    on(node_of(made, jump=way), options, work)


async def _nothing(host: Host) -> None:
    return None
