"""Tests that await, each with a deadline."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import ParamSpec

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
