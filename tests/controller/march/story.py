"""Tests that await, each with a deadline; and how far a march has come."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import ParamSpec

import pytest
from tests.controller.march.desk import Desk
from tests.controller.march.simnode import SimFleet

from enve.errors import EnveError
from enve_pm.wire import head as heads

P = ParamSpec("P")
SECONDS = 60


def story(test: Callable[P, Awaitable[None]]) -> Callable[P, None]:
    """A test that awaits, as pytest calls it."""

    @wraps(test)
    def run(*args: P.args, **more: P.kwargs) -> None:
        async def timed() -> None:
            async with asyncio.timeout(SECONDS):
                await test(*args, **more)

        asyncio.run(timed())

    return run


async def reach(condition: Callable[[], bool]) -> None:
    """Wait until a march has come so far."""
    for _ in iter(condition, True):
        await asyncio.sleep(0.001)


def serial(fleet: SimFleet, node: str, lane: str = "main") -> int:
    return int(heads.parse(fleet.sims[node].lanes[lane].head).serial)


async def run(desk: Desk, fleet: SimFleet, *args: object, **more: object) -> int:
    async with fleet:
        return await desk.march(fleet, *args, **more).run()  # type: ignore[arg-type]


async def refused(
    desk: Desk, fleet: SimFleet, kind: type[EnveError], *args: object, **more: object
) -> EnveError:
    """A march that is stopped before anything is sent."""
    before = {name: dict(sim.lanes) for name, sim in fleet.sims.items()}
    with pytest.raises(kind) as caught:
        await run(desk, fleet, *args, **more)
    assert {name: dict(sim.lanes) for name, sim in fleet.sims.items()} == before
    assert all(not sim.leases for sim in fleet.sims.values())
    return caught.value
