"""The story of an order by hand: find the units that the patterns mean, tell pm's client."""

from __future__ import annotations

import asyncio
from collections.abc import Container, Iterable, Sequence
from dataclasses import replace

from enve.app import fleet
from enve.app.collect import Collector, as_root
from enve.core import literal, nodepaths, verdict
from enve.core.order import Answer, Order, full, passed_over, result, results
from enve.core.selection import Selection
from enve.errors import NodeFailure
from enve.host.base import Host
from enve.model.report import Begin, Emit, End, Event, Result, Step
from enve.model.site import Node
from enve_pm.core import address

IN_ONE = 200  # units in one command
AT_ONCE = 8  # commands on one connection: sshd allows ten


class Control:
    """Gives one order to all the units that a selection means."""

    def __init__(self, order: Order, meant: Selection, collector: Collector, emit: Emit) -> None:
        self._order = order
        self._meant = meant
        self._reach = collector
        self._emit = emit
        self.units: dict[str, list[str]] = {}  # node -> the units that the order was given to
        self.results: list[Result] = []  # one an address, as they came

    async def run(self, nodes: Sequence[Node]) -> None:
        """Give the order; emits a Result for each address, and for a node out of reach."""
        self._emit(Begin(self._order.verb, tuple(node.name for node in nodes)))
        forks, deadline, emit = self._reach.forks, self._reach.deadline, self._only_steps
        work = fleet.connected(self._reach.connect, self._on_node, deadline=deadline, emit=emit)
        results = await fleet.each(nodes, work, forks=forks, deadline=deadline, emit=emit)
        for ended in results.values():
            if ended.problem is not None:
                self._count_for_all(ended)

    def end(self) -> None:
        """Emit the End."""
        self._emit(End(verdict.worst(map(verdict.code, self.results))))

    async def _on_node(self, host: Host) -> Result:
        name = host.node.name
        self.units[name] = units = await meant_units(self._meant, host, self._reach)
        self._emit(Step(name, self._order.verb))
        if self._order.together:
            for some in batched(units):
                await self._together(host, some)
        else:
            await self._each(host, units)
        return Result(name, "unchanged")

    async def _each(self, host: Host, units: Sequence[str]) -> None:
        """A command a unit. What ends one of them leaves the others their answers."""
        slots = asyncio.Semaphore(AT_ONCE)
        work = (self._one(host, unit, slots) for unit in units)
        answers = await asyncio.gather(*work, return_exceptions=True)
        for unit, answer in zip(units, answers, strict=True):
            if not isinstance(answer, BaseException):
                name = host.node.name
                self._tell(self._judge(name, full(name, unit), answer))
        for error in answers:
            if isinstance(error, BaseException):
                raise error

    def _judge(self, node: str, where: str, answer: Answer) -> Result:
        """What became of the resource at that address."""
        told = result(self._order, node, where, answer)
        named = literal.units(self._meant, node) is not None
        return told if named else passed_over(self._order, told)

    async def _one(self, host: Host, unit: str, slots: asyncio.Semaphore) -> Answer:
        async with slots:
            return await self._client(host, [unit])

    async def _together(self, host: Host, units: Sequence[str]) -> None:
        answer = await self._client(host, units)
        for told in results(self._order, host.node.name, units, answer):
            self._tell(told)

    async def _client(self, host: Host, units: Sequence[str]) -> Answer:
        node, deadline = host.node, self._reach.deadline
        command = self._order.command(nodepaths.of(node), units)
        done = await host.run(command, deadline=deadline, become=as_root(node))
        return Answer(done.status, done.stdout, done.stderr)

    def _tell(self, told: Result) -> None:
        self.results.append(told)
        self._emit(told)

    def _only_steps(self, event: Event) -> None:
        # A node's own result is no answer: its units have theirs.
        if isinstance(event, Step):
            self._emit(event)

    def _count_for_all(self, ended: Result) -> None:
        """What ended a node counts for each of its units that was not answered for."""
        answered = {one.address for one in self.results}
        units = self.units.get(ended.node) or literal.units(self._meant, ended.node) or []
        names = [full(ended.node, unit) for unit in units] or [address.format((ended.node,))]
        for name in _without(names, answered):
            self._tell(replace(ended, address=name))


async def meant_units(meant: Selection, host: Host, reach: Collector) -> list[str]:
    """The units of this node that are meant; with wildcards that takes a look at it."""
    return await units_there(meant, host, reach)


async def units_there(
    meant: Selection, host: Host, reach: Collector, kinds: Container[str] = ()
) -> list[str]:
    """Likewise; wildcards mean only those of these kinds, none given: of any."""
    units = literal.units(meant, host.node.name)
    if units is not None:
        return units
    rows = await reach.look(host)
    there = (row for row in rows if row.spot and row.kind != "removed")
    there = (row for row in there if not kinds or row.kind in kinds)
    units = [row.spot for row in there if meant.covers(row.node, row.spot)]
    trouble = next((row.problem for row in rows if row.problem), None)
    if trouble and not units:
        raise NodeFailure(trouble.message, hint=trouble.hint)
    return units


def _without(names: Iterable[str], answered: set[str]) -> list[str]:
    return [name for name in names if name not in answered]


def batched(units: Sequence[str]) -> Iterable[Sequence[str]]:
    """The units of one pm together, in pieces that a command line takes."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for unit in units:
        groups.setdefault(address.parse(unit)[:-1], []).append(unit)
    for group in groups.values():
        yield from (group[at : at + IN_ONE] for at in range(0, len(group), IN_ONE))
