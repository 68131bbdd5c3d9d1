"""`enve logs -f`: what resources print, as it comes, from all their nodes at once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from enve.app.collect import Collector, as_root
from enve.app.control import meant_units
from enve.core import nodepaths, verdict
from enve.core.order import Order, full
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
        self.results: list[Result] = []  # of nodes and logs that ended badly

    async def run(self, nodes: Sequence[Node]) -> None:
        """Ends when nothing is left to follow."""
        self._emit(Begin(self._order.verb, tuple(node.name for node in nodes)))
        async with asyncio.TaskGroup() as group:
            for node in nodes:
                group.create_task(self._node(node))

    async def _node(self, node: Node) -> None:
        try:
            host = await self._reach.connect(node, deadline=self._reach.deadline)
            try:
                await self._logs(host)
            finally:
                await host.close()
        except EnveError as error:
            self._ended(verdict.result(node.name, error))
        except TimeoutError:
            self._ended(verdict.result(node.name, LateError("no answer")))

    async def _logs(self, host: Host) -> None:
        units = await meant_units(self._meant, host, self._reach)
        if len(units) > MOST:
            raise UsageError(f"{len(units)} logs of {host.node.name}, -f follows at most {MOST}")
        await asyncio.gather(*(self._log(host, unit) for unit in units))

    async def _log(self, host: Host, unit: str) -> None:
        node, deadline = host.node, self._reach.deadline
        command = following(self._order.command(nodepaths.of(node), [unit]))
        session = await host.open(command, deadline=deadline, become=as_root(node))
        try:
            async for line in session.lines():
                text = line.decode("utf-8", "replace")
                self._emit(Printed(node.name, full(node.name, unit), text))
        finally:
            await session.close()

    def _ended(self, result: Result) -> None:
        self.results.append(result)
        self._emit(result)


def following(command: str) -> str:
    """sh: the command, ended as soon as stdin is: a follower that nobody reads must not stay."""
    return (
        f"({command}) </dev/null 2>&1 & p=$!; exec 3<&0; "
        "(cat <&3; kill $p) >/dev/null 2>&1 & exec 3<&-; wait $p"
    )
