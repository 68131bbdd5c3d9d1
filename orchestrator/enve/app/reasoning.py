"""The story of `enve why`: what a node tells of a unit's state, and which plan and key stand
behind it, in one connection."""

from __future__ import annotations

from enve.app.collect import Collector
from enve.app.control import Control
from enve.core import literal, stories
from enve.core.order import Order
from enve.core.selection import Selection
from enve.host.base import Host
from enve.model.report import Emit, Result, Row
from enve_pm.core.refusal import FormatError


class Reasoning(Control):
    """`told`: the story of each address, in the order of asking."""

    def __init__(self, order: Order, meant: Selection, collector: Collector, emit: Emit) -> None:
        super().__init__(order, meant, collector, emit)
        self.told: dict[str, stories.Table] = {}

    async def _on_node(self, host: Host) -> Result:
        name = host.node.name
        rows = {row.spot: row for row in await self._reach.look(host) if row.spot}
        units = [spot for spot, row in rows.items() if self._meant.covers(name, spot)]
        units += [spot for spot in literal.units(self._meant, name) or () if spot not in rows]
        self.units[name] = units
        await self._each(host, units)
        for unit in units:
            self._explain(name, unit, rows)
        return Result(name, "unchanged")

    def _explain(self, node: str, unit: str, rows: dict[str, Row]) -> None:
        mine = [
            one for one in self.results if one.address.endswith(f".{unit}") and one.node == node
        ]
        for result in mine:
            if result.problem is not None:
                continue
            try:
                self.told[result.address] = _story(node, result.output, rows)
            except FormatError as error:
                self._emit(stories.unreadable(result, error))


def _story(node: str, printed: str, rows: dict[str, Row]) -> stories.Table:
    story = stories.why(node, printed)
    last = story["chain"][-1]["unit"]
    row = next((row for row in rows.values() if row.address == last), None)
    if row is not None and row.plan:
        story["plan"], story["signer"] = row.plan, row.key
    return story
