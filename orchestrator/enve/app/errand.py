"""The story of `enve shell PATTERN -- COMMAND`: on each node, or beside each resource, once."""

from __future__ import annotations

from collections.abc import Sequence

from enve.app.collect import Collector, as_root
from enve.app.control import Control, units_there
from enve.core import errand, literal, nodepaths, verdict
from enve.core.order import Answer, Order
from enve.core.selection import Selection
from enve.host.base import Host
from enve.model.report import Emit, End, Result, Step
from enve_pm.core import address

VERB = "shell"


class Errand(Control):
    """Runs the words everywhere; nodes that are meant as a whole have them in no resource."""

    def __init__(
        self, words: Sequence[str], meant: Selection, collector: Collector, emit: Emit
    ) -> None:
        super().__init__(Order(VERB), meant, collector, emit)
        self._words = words

    def end(self) -> None:
        """Emit the End."""
        good = sum(result.status == 0 for result in self.results)
        code = verdict.worst(map(verdict.code, self.results))
        self._emit(End(code, summary=f"{good} of {len(self.results)} ended with exit status 0"))

    async def _on_node(self, host: Host) -> Result:
        name = host.node.name
        self._emit(Step(name, VERB))
        if any(name in rule.nodes for rule in literal.whole_nodes(self._meant)):
            answer = await self._run(host, errand.on_node(nodepaths.of(host.node), self._words))
            self._tell(errand.result(name, address.format((name,)), answer))
        else:
            units = await units_there(self._meant, host, self._reach, errand.BESIDE)
            self.units[name] = units
            await self._each(host, units)
        return Result(name, "unchanged")

    async def _client(self, host: Host, units: Sequence[str]) -> Answer:
        paths = nodepaths.of(host.node)
        return await self._run(host, errand.beside(paths, units[0], self._words))

    async def _run(self, host: Host, command: str) -> Answer:
        deadline, become = self._reach.deadline, as_root(host.node)
        done = await host.run(command, deadline=deadline, become=become)
        return Answer(done.status, done.stdout, done.stderr)

    def _judge(self, node: str, where: str, answer: Answer) -> Result:
        return errand.result(node, where, answer)
