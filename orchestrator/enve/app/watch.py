"""A listing that goes on: each node is read again and again over one open connection, at its own
pace, so that one that hangs holds up nobody."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from enve.app import fleet
from enve.app.collect import Collector, trouble
from enve.host.base import Host
from enve.model.report import Result, Row
from enve.model.site import Node

Told = Callable[[str, list[Row]], None]  # the node, and all of its rows


async def watch(
    nodes: Sequence[Node], collector: Collector, told: Told, *, interval: float
) -> None:
    """Read the nodes every `interval` seconds until cancelled; `told` gets each reading."""
    slots = asyncio.Semaphore(collector.forks)
    async with asyncio.TaskGroup() as group:
        for node in nodes:
            group.create_task(_Watched(node, collector, slots).forever(told, interval))


class _Watched:
    """One node, with its connection while that lasts."""

    def __init__(self, node: Node, collector: Collector, slots: asyncio.Semaphore) -> None:
        self._node = node
        self._collector = collector
        self._slots = slots
        self._host: Host | None = None
        self._rows: list[Row] = []

    async def forever(self, told: Told, interval: float) -> None:
        try:
            while True:
                told(self._node.name, await self._reading())
                await asyncio.sleep(interval)
        finally:
            await self._disconnect()

    async def _reading(self) -> list[Row]:
        async with self._slots:
            result = await fleet.judged(self._node, self._read, self._collector.deadline)
        if result.problem is None:
            return self._rows
        await self._disconnect()
        return [trouble(result)]

    async def _read(self, node: Node) -> Result:
        if self._host is None:
            self._host = await self._collector.connect(node, deadline=self._collector.deadline)
        self._rows = await self._collector.look(self._host)
        return Result(node.name, "unchanged")

    async def _disconnect(self) -> None:
        host, self._host = self._host, None
        if host is not None:
            await host.close()
