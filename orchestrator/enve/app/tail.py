"""`enve logs -f`: what resources print, as it comes, from all their nodes at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial

from enve.app.collect import Collector, as_root
from enve.app.control import meant_units
from enve.core import nodepaths, verdict
from enve.core.order import Answer, Order, full, result
from enve.core.selection import Selection
from enve.errors import EnveError, LateError, UsageError
from enve.host.base import Host
from enve.model.report import Begin, Emit, Printed, Result
from enve.model.site import Node

MOST = 8  # logs of one node: sshd allows ten sessions on a connection


class Tail:
    """Follows the logs of all the units that a selection means, until cancelled."""

    def __init__(self, order: Order, meant: Selection, collector: Collector, emit: Emit) -> None:
        self._order = order
        self._meant = meant
        self._reach = collector
        self._emit = emit
        self.units: dict[str, list[str]] = {}  # node -> the units that are followed
        self.results: list[Result] = []  # of nodes and logs that ended badly

    async def run(self, nodes: Sequence[Node]) -> None:
        """Ends when nothing is left to follow."""
        self._emit(Begin(self._order.verb, tuple(node.name for node in nodes)))
        connecting = asyncio.Semaphore(self._reach.forks)
        async with asyncio.TaskGroup() as group:
            for node in nodes:
                group.create_task(self._judged(node, "", partial(self._node, node, connecting)))

    async def _judged(self, node: Node, unit: str, work: Callable[[], Awaitable[None]]) -> None:
        """What ends one node, or one log of it, does not end the others."""
        try:
            await work()
        except EnveError as error:
            self._ended(verdict.result(node.name, error), unit)
        except TimeoutError:
            self._ended(verdict.result(node.name, LateError("no answer")), unit)

    async def _node(self, node: Node, connecting: asyncio.Semaphore) -> None:
        async with connecting:
            host = await self._reach.connect(node, deadline=self._reach.deadline)
        try:
            await self._logs(host)
        finally:
            await host.close()

    async def _logs(self, host: Host) -> None:
        node = host.node
        self.units[node.name] = units = await meant_units(self._meant, host, self._reach)
        if len(units) > MOST:
            raise UsageError(f"{len(units)} logs of {node.name}, --follow takes at most {MOST}")
        async with asyncio.TaskGroup() as group:
            for unit in units:
                group.create_task(self._judged(node, unit, partial(self._log, host, unit)))

    async def _log(self, host: Host, unit: str) -> None:
        node, deadline, line = host.node, self._reach.deadline, b""
        command = following(self._order.command(nodepaths.of(node), [unit]))
        session = await host.open(command, deadline=deadline, become=as_root(node))
        try:
            async for line in session.lines():
                text = line.decode("utf-8", "replace")
                self._emit(Printed(node.name, full(node.name, unit), text))
            if session.status:
                answer = Answer(session.status, b"", line)
                self._ended(result(self._order, node.name, full(node.name, unit), answer))
        finally:
            await session.close()

    def _ended(self, told: Result, unit: str = "") -> None:
        told = replace(told, address=full(told.node, unit)) if unit else told
        self.results.append(told)
        self._emit(told)


def following(command: str) -> str:
    """sh: the command, ended as soon as stdin is: a follower that nobody reads must not stay."""
    return (
        f"({command}) </dev/null 2>&1 & p=$!; exec 3<&0; "
        "(cat <&3; kill $p) >/dev/null 2>&1 & exec 3<&-; wait $p"
    )
