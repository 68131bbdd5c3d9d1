"""The story of a listing: one connection and one command a node, whatever state it is in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from enve import errors
from enve.app import fleet
from enve.core import listing, nodepaths, seen
from enve.core.grouping import without_place
from enve.core.printable import complaint, printable
from enve.errors import NodeFailure
from enve.host.base import Connect, Host
from enve.model.report import Emit, Problem, Result, Row
from enve.model.site import Node
from enve_pm.core.refusal import FormatError


class Collector:
    """Reads nodes. `now`: unix milliseconds; `deadline`: seconds for each node."""

    def __init__(
        self, connect: Connect, now: Callable[[], int], *, forks: int, deadline: float
    ) -> None:
        self.connect = connect
        self.now = now
        self.forks = forks
        self.deadline = deadline

    async def collect(self, nodes: Sequence[Node], emit: Emit) -> dict[str, list[Row]]:
        """The rows of all nodes, in their order; one that can't be listed is one row."""
        found: dict[str, list[Row]] = {}

        async def work(host: Host) -> Result:
            found[host.node.name] = await self.look(host)
            return Result(host.node.name, "unchanged")

        opened = fleet.connected(self.connect, work, deadline=self.deadline, emit=emit)
        results = await fleet.each(
            nodes, opened, forks=self.forks, deadline=self.deadline, emit=emit
        )
        return {node: found.get(node) or [trouble(results[node])] for node in results}

    async def look(self, host: Host) -> list[Row]:
        """The rows of one node. Raises NodeFailure when what it prints is not to be used."""
        node = host.node
        done = await host.run(command(node), deadline=self.deadline, become=as_root(node))
        try:
            if done.status != 0:
                raise FormatError(f"exit status {done.status}: {complaint(done.stderr)}")
            return listing.rows(node.name, seen.parse(done.stdout), self.now())
        except FormatError as error:
            raise NodeFailure(
                f"its states are unreadable: {printable(str(error), 300)}",
                hint="enve-deploy puts its programs in order",
            ) from None


def command(node: Node) -> str:
    """sh: what `march look` prints, or the section `absent` where there is no pm."""
    march = nodepaths.of(node).march
    return f'm={march}; if [ -x "$m" ]; then exec "$m" look; fi; echo \'== {seen.ABSENT}\''


def as_root(node: Node) -> bool:
    """Whether to become root: a user's pm belongs to the login, and is found in its home."""
    return node.install == "system"


def trouble(result: Result) -> Row:
    """The row of a node that could not be listed, from its result."""
    problem = result.problem or Problem(result.detail, errors.DEADLINE)
    told = without_place(result.node, problem.message)
    shown = f"unreachable: {told}" if result.outcome == "unreachable" else told
    return replace(listing.trouble(result.node, problem), detail=printable(shown, 300))
