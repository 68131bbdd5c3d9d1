"""The story of `enve-deploy --remove`: take nodes out, cleanly."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping

from enve import bundle as bundles
from enve.app import facts, fleet, installer
from enve.app.deploy import Options
from enve.app.installer import Ordered
from enve.bundle import Bundle
from enve.core import deploywords
from enve.core.probe import Probe
from enve.errors import NodeFailure
from enve.host.base import Connect, Host
from enve.model.report import Begin, Emit, End, Result, Step
from enve.model.site import Node


async def remove(
    nodes: Iterable[Node], connect: Connect, options: Options, emit: Emit
) -> Mapping[str, Result]:
    """Stop pm and its services on these nodes and remove what deploy put there."""
    bundle = bundles.program()
    chosen = list(nodes)
    emit(Begin("deploy", tuple(node.name for node in chosen)))

    started = time.monotonic()

    async def one(host: Host) -> Result:
        return await _node(host, bundle, options, emit)

    results = await fleet.each(
        chosen,
        fleet.connected(connect, one, deadline=options.deadline, emit=emit),
        forks=options.forks,
        deadline=options.deadline,
        emit=emit,
    )
    gone = [name for name, result in results.items() if result.outcome == "changed"]
    facts.forget(options.state, gone)
    kept = sum(result.outcome == "unchanged" for result in results.values())
    said = f"{len(gone)} removed, {kept} had nothing, {len(results) - len(gone) - kept} not removed"
    summary = "" if options.check else said
    emit(End(fleet.code(results), time.monotonic() - started, summary))
    return results


async def _node(host: Host, bundle: Bundle, options: Options, emit: Emit) -> Result:
    emit(Step(host.node.name, "look"))
    probe = await installer.look(host, bundle.hash, b"", deadline=options.deadline)
    if not _anything(probe):
        return Result(host.node.name, "unchanged", "there was nothing")
    if options.check:
        return Result(host.node.name, "pending", f"- {probe.home}")
    emit(Step(host.node.name, "remove"))
    order = _order(host.node, probe, bundle)
    done = await installer.carry_out(host, order, bundle, deadline=options.deadline)
    return Result(
        host.node.name, "changed", f"removed: {deploywords.removed(done.did, probe.home)}"
    )


def _anything(probe: Probe) -> bool:
    return bool(probe.deployed.program or probe.alive.pid or probe.current)


def _order(node: Node, probe: Probe, bundle: Bundle) -> Ordered:
    if probe.python is None:
        raise NodeFailure(
            "there is no Python to remove pm with", hint=f"by hand: stop it, rm -r {probe.home}"
        )
    return Ordered(
        action="remove",
        node=node,
        home=probe.home,
        pipe=probe.deployed.pipe or probe.pipe,
        python=probe.python.path,
        push=True,  # what is there may be broken
        now=int(time.time()),
    )
