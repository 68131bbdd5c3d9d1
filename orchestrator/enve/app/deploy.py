"""The story of a deploy: look at each node, then send what differs, the first replacement alone.

One connection a node and one round trip; a second one only where something differs.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from enve import bundle as bundles
from enve.app import facts, fleet, installer
from enve.app.installer import Ordered
from enve.app.wave import Wave
from enve.bundle import Bundle
from enve.core import deploysteps, deploywords, nodeblueprint, preflight
from enve.core.deploysteps import Steps, Wanted
from enve.core.nodeblueprint import sha256
from enve.core.probe import Probe
from enve.errors import NodeFailure, RefusedError
from enve.host.base import Connect, Host
from enve.model.blueprint import Blueprint, NodeBlueprint
from enve.model.report import Begin, Change, Difference, Emit, End, Notice, Problem, Result, Step
from enve.model.site import Node

TOLD = 8  # spots by their names in a message


@dataclass(frozen=True, slots=True)
class Options:
    """How to deploy. `state`: the domain's folder, for facts; `deadline`: seconds a node."""

    state: Path
    forks: int = 64
    deadline: float = 300.0
    check: bool = False
    diff: bool = False
    remove_spots: bool = False
    reset_time: bool = False
    start: bool = True
    floors: Mapping[str, int] = field(default_factory=dict)  # lane -> newest serial known here


async def deploy(
    nodes: Iterable[Node],
    blueprint: Blueprint,
    connect: Connect,
    options: Options,
    emit: Emit,
) -> Mapping[str, Result]:
    """Deploy to these nodes; one Result each. Raises InputError before anything is done when a
    node's blueprint can't be right."""
    work = Deploy(options, bundles.program(), emit)
    chosen = list(nodes)
    work.wants(chosen, blueprint)
    emit(Begin("deploy", tuple(node.name for node in chosen)))
    started = time.monotonic()
    try:
        results = await fleet.each(
            chosen,
            fleet.connected(connect, work.node, deadline=options.deadline, emit=emit),
            forks=options.forks,
            deadline=options.deadline,
            emit=emit,
        )
    finally:
        work.finish()
        facts.save(options.state, work.facts)
    emit(End(fleet.code(results), time.monotonic() - started))
    return results


class Deploy:
    """One deploy at work."""

    def __init__(
        self, options: Options, bundle: Bundle, emit: Emit, clock: Callable[[], float] = time.time
    ) -> None:
        self.facts: dict[str, facts.Facts] = {}
        self._options = options
        self._bundle = bundle
        self._emit = emit
        self._clock = clock
        self._wave = Wave()
        self._wanted: dict[str, Wanted] = {}
        self._differences: dict[tuple[Change, ...], list[str]] = {}

    def wants(self, nodes: Iterable[Node], blueprint: Blueprint) -> None:
        """Render what each node is to have. A node that the blueprint does not name has no spots
        and no keyholes: pm lives there, and nobody may march."""
        for node in nodes:
            mine = blueprint.nodes.get(node.name) or NodeBlueprint(node.name)
            self._wanted[node.name] = Wanted(
                node,
                self._bundle.hash,
                nodeblueprint.render(blueprint.domain, node, mine),
                nodeblueprint.keys(mine),
                self._options.start,
                self._options.floors,
            )

    async def node(self, host: Host) -> Result:
        """One node, over one connection."""
        wanted = self._wanted[host.node.name]
        self._emit(Step(host.node.name, "look"))
        probe = await installer.look(
            host, wanted.program, wanted.blueprint, deadline=self._options.deadline
        )
        self._judge(host.node, probe)
        steps = deploysteps.decide(wanted, probe)
        if steps.dropped and not self._options.remove_spots:
            raise _drops(steps.dropped)
        if not steps.changes:
            return Result(host.node.name, "unchanged", f"unchanged: {deploywords.state(wanted)}")
        self._differences.setdefault(steps.changes, []).append(host.node.name)
        if self._options.check:
            await self._would_refuse(host, wanted, probe, steps)
            return Result(host.node.name, "pending", deploywords.would(steps))
        if steps.replaces:
            async with self._wave.turn(host.node.name):
                return await self._send(host, wanted, probe, steps)
        return await self._send(host, wanted, probe, steps)

    def _judge(self, node: Node, probe: Probe) -> None:
        now = int(self._clock())
        found = preflight.lacks(node, probe, now)
        if found:
            raise _failed(found)
        self.facts[node.name] = facts.Facts(facts.of_probe(probe, self._bundle.hash), now)
        for warning in preflight.warnings(probe, now):
            self._emit(Notice(f"{node.name}: {warning}", "warning"))

    async def _send(self, host: Host, wanted: Wanted, probe: Probe, steps: Steps) -> Result:
        name = host.node.name
        self._emit(Step(name, "replace" if steps.replaces else "install"))
        order = self._order(wanted, probe, steps)
        done = await installer.carry_out(host, order, self._bundle, deadline=self._options.deadline)
        for warning in done.warnings:
            self._emit(Notice(f"{name}: {warning}", "warning"))
        return Result(name, "changed", deploywords.done(done.did, wanted, fresh=steps.fresh))

    async def _would_refuse(self, host: Host, wanted: Wanted, probe: Probe, steps: Steps) -> None:
        """Only the node knows the lines that it holds, and so what a lower ceiling would end.
        Raises RefusedError as an install would."""
        same = probe.deployed.blueprint == sha256(wanted.blueprint)
        if not (steps.fresh or same or self._options.remove_spots):
            order = replace(self._order(wanted, probe, steps), action="check")
            deadline = self._options.deadline
            await installer.carry_out(host, order, self._bundle, deadline=deadline)

    def _order(self, wanted: Wanted, probe: Probe, steps: Steps) -> Ordered:
        python = probe.python
        if python is None:  # the preflight has said so already
            raise NodeFailure("there is no Python")
        return Ordered(
            action="install",
            node=wanted.node,
            home=probe.home,
            pipe=probe.pipe,
            python=python.path,
            push=steps.push_program,
            now=int(self._clock()),
            start=self._options.start,
            reset_time=self._options.reset_time,
            drop=self._options.remove_spots,
            floors=self._options.floors,
            blueprint=wanted.blueprint,
            keys=wanted.keys,
        )

    def finish(self) -> None:
        """Show the differences, once for all the nodes that they are the same for."""
        if not (self._options.check or self._options.diff):
            return
        for changes, names in self._differences.items():
            shown = tuple(self._shown(change) for change in changes)
            self._emit(Difference(tuple(names), shown, "deploy"))

    def _shown(self, change: Change) -> Change:
        if self._options.diff:
            return change
        return Change(change.symbol, change.name, change.action, change.detail)


def _failed(found: list[Problem]) -> NodeFailure:
    """All that a node lacks, as one error: the first one leads."""
    first, rest = found[0], found[1:]
    more = [f"{one.message} ({one.hint})" if one.hint else one.message for one in rest]
    return NodeFailure(first.message, notes=(*first.notes, *more), hint=first.hint)


def _drops(spots: tuple[str, ...]) -> RefusedError:
    more = f", and {len(spots) - TOLD} more" if len(spots) > TOLD else ""
    return RefusedError(
        f"the blueprint drops spots in which something lives: {' '.join(spots[:TOLD])}{more}",
        hint="march a plan without them first, or give --remove-spots",
    )
