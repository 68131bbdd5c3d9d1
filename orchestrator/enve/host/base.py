"""The one seam to the outside on the controller: a Host runs commands on a node."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol

from enve.model.site import Node


@dataclass(frozen=True, slots=True)
class Completed:
    """What a command said: exit status (-signal when killed), both outputs, bounded in size."""

    status: int
    stdout: bytes
    stderr: bytes


class Session(Protocol):
    """A command that is still running: its lines as they come, its stdin open until closed."""

    @property
    def status(self) -> int | None:
        """The exit status, None before the end."""
        ...

    def lines(self) -> AsyncIterator[bytes]: ...

    async def close(self) -> None: ...


class Host(Protocol):
    """An open connection to one node. Every method raises `enve.errors.Unreachable` when it is
    lost, and `TimeoutError` past its deadline (seconds)."""

    node: Node

    async def run(
        self, command: str, *, stdin: bytes | memoryview = b"", deadline: float, become: bool = True
    ) -> Completed:
        """Run a POSIX sh command line to its end, as root when the node says `become`."""
        ...

    async def open(self, command: str, *, deadline: float, become: bool = True) -> Session: ...

    async def put(self, command: str, path: str, *, deadline: float) -> Completed:
        """Run a command with a local file streamed to its stdin, in bounded memory. Raises
        InputError when the file can't be read."""
        ...

    async def attend(self, command: str, *, become: bool = True) -> int:
        """Run it with our terminal in front of it, which has to be one. The exit status."""
        ...

    async def close(self) -> None: ...


class Connect(Protocol):
    """Opens Hosts; shared state (known hosts, key objects, ssh_config) is read once."""

    async def __call__(self, node: Node, *, deadline: float) -> Host: ...

    async def __aenter__(self) -> Connect: ...

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...
