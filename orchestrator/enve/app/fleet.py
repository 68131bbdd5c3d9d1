"""Work on many nodes at once: bounded, each with its own deadline and its own outcome.

A node that hangs, lies or breaks ends with a Result of its own and never stops the others.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace

from enve.core import verdict
from enve.errors import DEADLINE, UNEXPECTED, EnveError
from enve.host.base import Connect, Host
from enve.model.report import Emit, Problem, Result, Step
from enve.model.site import Node

Work = Callable[[Node], Awaitable[Result]]


async def each(
    nodes: Iterable[Node], work: Work, *, forks: int, deadline: float, emit: Emit
) -> Mapping[str, Result]:
    """Run `work` on every node, at most `forks` at once, `deadline` seconds for each.

    Emits one Result a node, as they come, and returns them all by the node's name. When this task
    is cancelled (Ctrl-C), every node that is still at work gets a `deadline` Result before the
    cancellation goes on.
    """
    slots = asyncio.Semaphore(forks)
    results: dict[str, Result] = {}

    async def one(node: Node) -> None:
        results[node.name] = await _in_turn(slots, node, work, deadline)
        emit(results[node.name])

    tasks = [asyncio.create_task(one(node), name=node.name) for node in nodes]
    try:
        await asyncio.gather(*tasks)
    except asyncio.CancelledError:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise
    return results


async def _in_turn(slots: asyncio.Semaphore, node: Node, work: Work, deadline: float) -> Result:
    started = 0.0
    try:
        async with slots:
            started = time.monotonic()
            done = await judged(node, work, deadline)
    except asyncio.CancelledError:
        known = "its state is not known" if started else "nothing was done"
        done = Result(node.name, "deadline", f"interrupted: {known}")
    return replace(done, seconds=time.monotonic() - started if started else 0.0)


async def judged(node: Node, work: Work, deadline: float) -> Result:
    """What `work` says about the node; its errors become results, typed by what to do next."""
    try:
        async with asyncio.timeout(deadline):
            return await work(node)
    except EnveError as error:
        return verdict.result(node.name, error)
    except TimeoutError:
        told = f"no end within {deadline:g} s"
        problem = Problem(told, DEADLINE, hint="a longer deadline: -T SECONDS")
        return Result(node.name, "deadline", told, problem=problem)
    except Exception as error:  # a bug that one node met must not stop the others
        told = f"{type(error).__name__}: {error}"
        return Result(node.name, "unexpected", told, problem=Problem(told, UNEXPECTED))


def connected(
    connect: Connect, work: Callable[[Host], Awaitable[Result]], *, deadline: float, emit: Emit
) -> Work:
    """Work that opens a connection of its own, and closes it whatever happens."""

    async def opened(node: Node) -> Result:
        emit(Step(node.name, "connect"))
        host = await connect(node, deadline=deadline)
        try:
            return await work(host)
        finally:
            await host.close()

    return opened


def code(results: Mapping[str, Result]) -> int:
    """The exit code that stands for all of these results."""
    return verdict.worst(map(verdict.code, results.values()))
