"""enve, the bare floor and the peers on the same nodes, in turns, so that all meet the same load.

    python -m benchmarks.fleet [--nodes 50] [--rounds 5] [--no-peers]

Everybody does the same on each node: one directory, three config files made from templates, an
artifact of 1 MiB, one process that runs. A first converge is measured once (there is only one
first time), everything else is the median of the rounds.
"""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from tests.support.fleet import end_processes_below
from tests.support.lab import Lab

from benchmarks import bars, peers
from benchmarks.costs import (
    ANSIBLE,
    DEPLOY,
    ENVE,
    FIRST,
    FLOOR,
    HEADER,
    LIST,
    ONE,
    ONE_EXEC,
    PYINFRA,
    SAME,
    TWO_EXECS,
    WORKS,
    Cost,
    Figure,
    middle,
)
from benchmarks.meter import NodeMeter, run
from benchmarks.ours import Ours

ROOT = Path(__file__).resolve().parents[1]
SLOW_ROUNDS = 3  # of whoever takes a minute for one


class Tool(Protocol):
    """Somebody who can converge and list the nodes."""

    def configure(self, name: str, value: str) -> None: ...

    @property
    def env(self) -> Mapping[str, str]: ...

    @property
    def converge(self) -> Sequence[str]: ...

    @property
    def listing(self) -> Sequence[str]: ...


@dataclass
class Table:
    """All runs so far, and the command of each work."""

    runs: dict[tuple[str, str], list[Cost]] = field(default_factory=dict)
    commands: dict[tuple[str, str], str] = field(default_factory=dict)

    def add(self, tool: str, work: str, cost: Cost, command: Sequence[str]) -> None:
        if cost.status:
            raise SystemExit(f"{tool}, {work}: ended with {cost.status}:\n{cost.output[-3000:]}")
        self.runs.setdefault((tool, work), []).append(cost)
        self.commands[tool, work] = shown(command)
        print(f"  {tool:14} {work:20} {cost.wall:7.2f} s", file=sys.stderr, flush=True)

    def figures(self) -> list[Figure]:
        found = [
            Figure(*key, middle(costs), len(costs), self.commands[key])
            for key, costs in self.runs.items()
        ]
        return sorted(found, key=lambda one: (WORKS.index(one.work), one.cost.wall))


def shown(command: Sequence[str]) -> str:
    """The command as a person would write it: programs and files by their names alone."""
    words = [Path(word).name if word.startswith("/") else word for word in command]
    return shlex.join("python" if word == Path(sys.executable).name else word for word in words)


@dataclass
class Bench:
    """The nodes, and everybody's files for them."""

    lab: Lab
    meter: NodeMeter
    ours: Ours
    tools: dict[str, Tool]
    table: Table = field(default_factory=Table)

    def go(self, tool: str, work: str, command: Sequence[str]) -> None:
        env = self.ours.env if tool == FLOOR else self.tools[tool].env
        self.table.add(tool, work, run(command, env, self.meter, ROOT), command)

    def first(self) -> None:
        """Everybody's first converge."""
        self.go(ENVE, DEPLOY, self.ours.deploy)
        for name, tool in self.tools.items():
            self.go(name, FIRST, tool.converge)
        self.check("first")

    def round(self, number: int, tools: Sequence[str]) -> None:
        """Every other work once."""
        self.go(FLOOR, ONE_EXEC, self.ours.bare(1))
        self.go(FLOOR, TWO_EXECS, self.ours.bare(2))
        for name in tools:
            tool = self.tools[name]
            self.go(name, LIST, tool.listing)
            self.go(name, SAME, tool.converge)
            tool.configure("one", f"round{number}")
            self.go(name, ONE, tool.converge)
        if len(tools) == len(self.tools):
            self.check(f"round{number}")

    def check(self, value: str) -> None:
        """Everybody really did it, on every node."""
        for node in self.lab.nodes:
            places = {PYINFRA: node.home / "pyinfra", ANSIBLE: node.home / "ansible"}
            places[ENVE] = node.state / "pm" / "spots" / "app"
            for name in self.tools:
                text = (places[name] / "one.conf").read_text()
                assert text.startswith(f"one0 = {value} {node.name}"), (name, node.name, text[:80])


@contextmanager
def bench(count: int, with_peers: bool) -> Iterator[Bench]:
    """Nodes that are up, with nothing on them; everything ends with the block."""
    meter = NodeMeter()
    try:
        with Lab(count) as lab, _ours(lab) as ours:
            for node in lab.nodes:
                assert node.process
                meter.add(node.process.pid)
            yield Bench(lab, meter, ours, {ENVE: ours, **(_peers(lab) if with_peers else {})})
    finally:
        meter.close()


@contextmanager
def _ours(lab: Lab) -> Iterator[Ours]:
    ours = Ours(lab.folder / "ours", lab)
    try:
        yield ours
    finally:
        ours.close()
        end_processes_below(lab.folder)


def _peers(lab: Lab) -> dict[str, Tool]:
    from benchmarks.peer_ansible import Ansible
    from benchmarks.peer_pyinfra import Pyinfra

    programs = peers.environment()
    return {
        PYINFRA: Pyinfra(lab.folder / "pyinfra", lab, programs),
        ANSIBLE: Ansible(lab.folder / "ansible", lab, programs),
    }


def measure(count: int, rounds: int, with_peers: bool) -> list[Figure]:
    """All figures of the fleet."""
    with bench(count, with_peers) as made:
        made.first()
        for number in range(rounds):
            slow = number < SLOW_ROUNDS
            made.round(number, [name for name in made.tools if slow or name != ANSIBLE])
        return made.table.figures()


def options(parser: argparse.ArgumentParser) -> None:
    """The flags of this part."""
    parser.add_argument("--nodes", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=5, help="odd, so that a median is a run")
    parser.add_argument("--no-peers", action="store_true")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options(parser)
    given = parser.parse_args()
    figures = measure(given.nodes, given.rounds, not given.no_peers)
    for row in (
        HEADER,
        *(one.row for one in figures),
        *(bar.row for bar in bars.of_fleet(figures)),
    ):
        print("  ".join(f"{cell:20}" for cell in row))


if __name__ == "__main__":
    main()
