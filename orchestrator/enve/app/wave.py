"""The first node that gets a new program goes alone; the others follow when it lives."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from enve.errors import NodeFailure


class Wave:
    """One deploy's order of replacement. No barrier before it: who comes first is the first."""

    def __init__(self) -> None:
        self._first = ""
        self._lives: asyncio.Future[bool] | None = None

    @asynccontextmanager
    async def turn(self, node: str) -> AsyncIterator[None]:
        """Wait for our turn. Raises NodeFailure when the first one failed."""
        if self._lives is None:
            self._first, self._lives = node, asyncio.get_running_loop().create_future()
            try:
                yield
            except BaseException:
                self._lives.set_result(False)
                raise
            self._lives.set_result(True)
            return
        if not await asyncio.shield(self._lives):
            raise NodeFailure(
                f"held back: the new pm failed on {self._first}, which went first",
                hint="nothing was changed here",
            )
        yield
