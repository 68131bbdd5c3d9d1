"""What was done by whom, and what it cost. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

ENVE, FLOOR, PYINFRA, ANSIBLE = "enve", "bare asyncssh", "pyinfra", "ansible-core"
DEPLOY, FIRST = "install pm", "first converge"
SAME, ONE, LIST = "nothing changed", "one config changed", "list the states"
ONE_EXEC, TWO_EXECS = "1 exec of `true`", "2 execs of `true`"
WORKS = (DEPLOY, FIRST, ONE_EXEC, TWO_EXECS, LIST, SAME, ONE)  # as they are shown


@dataclass(frozen=True)
class Cost:
    """Seconds, and MiB of peak resident memory of the largest process of the controller."""

    wall: float
    controller: float
    nodes: float | None
    memory: float
    status: int
    output: str


@dataclass(frozen=True)
class Figure:
    """What one work of one tool cost: the median run by its wall. `command`: how it was run."""

    tool: str
    work: str
    cost: Cost
    runs: int
    command: str

    @property
    def row(self) -> list[str]:
        """Work, tool, wall, CPU of controller and nodes, memory, runs."""
        nodes = "-" if self.cost.nodes is None else f"{self.cost.nodes:.2f}"
        seconds = [f"{self.cost.wall:.2f}", f"{self.cost.controller:.2f}", nodes]
        return [self.work, self.tool, *seconds, f"{self.cost.memory:.0f}", str(self.runs)]


HEADER = ["work", "tool", "wall s", "controller CPU s", "nodes CPU s", "controller MiB", "runs"]


def middle(costs: Sequence[Cost]) -> Cost:
    """The run with the median wall."""
    wall = statistics.median_low(cost.wall for cost in costs)
    return next(cost for cost in costs if cost.wall == wall)
