"""Hosts that answer from a table: for stories that need nodes but no network."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from types import TracebackType

from enve.errors import Unreachable
from enve.host.base import Completed
from enve.model.site import Connection, Node

Answer = Completed | BaseException | Callable[[str], Completed]


def node(name: str, **fields: object) -> Node:
    return Node(name, Connection(), **fields)  # type: ignore[arg-type]


class FakeHost:
    """Answers every command as its node's entry in the table says at that moment."""

    def __init__(self, its: Node, fleet: FakeFleet) -> None:
        self.node = its
        self._fleet = fleet

    async def run(
        self, command: str, *, stdin: bytes | memoryview = b"", deadline: float, become: bool = True
    ) -> Completed:
        self._fleet.commands.append((self.node.name, command, become))
        await asyncio.sleep(0)
        answer = self._fleet.answers[self.node.name]
        if isinstance(answer, BaseException):
            raise answer
        return answer(command) if callable(answer) else answer

    async def open(self, command: str, *, deadline: float, become: bool = True) -> FakeSession:
        raise NotImplementedError

    async def put(self, command: str, path: str, *, deadline: float) -> Completed:
        raise NotImplementedError

    async def close(self) -> None:
        self._fleet.open -= 1


class FakeSession:
    status: int | None = None

    async def lines(self) -> AsyncIterator[bytes]:
        raise NotImplementedError
        yield b""

    async def close(self) -> None:
        raise NotImplementedError


class FakeFleet:
    """A Connect. A node whose answer is Unreachable can't be connected to."""

    def __init__(self, answers: Mapping[str, Answer]) -> None:
        self.answers = dict(answers)
        self.commands: list[tuple[str, str, bool]] = []
        self.connections: list[str] = []
        self.open = 0

    async def __call__(self, its: Node, *, deadline: float) -> FakeHost:
        self.connections.append(its.name)
        await asyncio.sleep(0)
        if isinstance(answer := self.answers[its.name], Unreachable):
            raise answer
        self.open += 1
        return FakeHost(its, self)

    async def __aenter__(self) -> FakeFleet:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self.open == 0, "connections are left open"
