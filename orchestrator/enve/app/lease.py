"""The lane's lease: a kernel lock on every node that is marched to, held by a command's life.

It is advisory (the chain of bases is the safety): it tells one of two people who march at once,
before anything is signed or sent. The node with the lowest id is asked first, the rest at once.
"""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import suppress
from types import TracebackType
from typing import Self

from enve.app.collect import as_root
from enve.app.visit import Visit
from enve.core import leaseorder, nodepaths
from enve.core import look as looks
from enve.core.printable import printable
from enve.errors import EnveError, LateError, LeaseError, NodeFailure, Unreachable
from enve.host.base import Session
from enve.host.output import MAX_OUTPUT, too_much
from enve_pm.core.refusal import FormatError

SECONDS = 30.0


class Leases:
    """The leases of one march. Leaving the `async with` block releases them all. `deadline`: of
    each node, seconds."""

    def __init__(self, lane: str, who: str, deadline: float = SECONDS) -> None:
        self._lane = lane
        self._who = who
        self._seconds = min(SECONDS, deadline)
        self._sessions: list[Session] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.release()

    async def release(self) -> None:
        """Give the lane back."""
        sessions, self._sessions = self._sessions, []
        await asyncio.gather(*(one.close() for one in sessions), return_exceptions=True)

    async def take(self, visits: Mapping[str, Visit]) -> None:
        """Win the lane on every open node. A node that is lost meanwhile gets its `error`.

        Raises LeaseError when somebody else has the lane anywhere, or marched since we looked.
        """
        waiting = {name: visit for name, visit in visits.items() if visit.open}
        while waiting:
            first, rest = leaseorder.order(waiting)
            await self._one(waiting.pop(first))
            if visits[first].open:
                await self._all(visits[name] for name in rest)
                return

    async def _all(self, visits: Iterable[Visit]) -> None:
        done = await asyncio.gather(*(self._one(v) for v in visits), return_exceptions=True)
        for error in done:
            if isinstance(error, BaseException):
                raise error

    async def _one(self, visit: Visit) -> None:
        try:
            async with asyncio.timeout(self._seconds):
                shown = await self._lock(visit)
        except (Unreachable, NodeFailure) as error:
            visit.error = error
        except TimeoutError:
            visit.error = LateError(f"no lease within {self._seconds:g} s; nothing was sent")
        else:
            self._unchanged(visit, shown)

    async def _lock(self, visit: Visit) -> bytes:
        if visit.host is None:
            raise Unreachable(f"{visit.name}: not connected", kind="lost")
        march = nodepaths.of(visit.node).march
        command = f"exec {march} lease {shlex.quote(self._lane)} {shlex.quote(self._who)}"
        session = await visit.host.open(command, deadline=self._seconds, become=as_root(visit.node))
        self._sessions.append(session)
        lines = session.lines()
        said = await _next(lines)
        if said.startswith(b"lease held"):
            holder = printable(said[len(b"lease held") :].decode("utf-8", "replace").strip(), 200)
            raise held_by(self._lane, visit.name, holder)
        if said != b"lease ok":
            told = printable(said.decode("utf-8", "replace"), 200)
            raise NodeFailure(
                f"wanted its lease, found: {told or 'nothing'}",
                hint="may this login write to the lease folder of its pm? has the node flock?",
            )
        return await _until_end(lines)

    def _unchanged(self, visit: Visit, shown: bytes) -> None:
        """Nobody else may have marched between our look and our lease."""
        before = visit.look.lanes.get(self._lane) if visit.look else None
        try:
            after = looks.lanes(shown).get(self._lane)
        except FormatError as error:
            visit.error = NodeFailure(f"its lease shows nothing readable: {printable(str(error))}")
            return
        if (before.head if before else b"") != (after.head if after else b""):
            raise LeaseError(
                f"somebody else marched on {visit.name} a moment ago; nothing was signed",
                hint="march again: the difference is another one now",
            )


async def _next(lines: AsyncIterator[bytes]) -> bytes:
    with suppress(StopAsyncIteration):
        return await anext(lines)
    return b""


async def _until_end(lines: AsyncIterator[bytes]) -> bytes:
    """What it shows with the lease. Raises NodeFailure for more than any look holds."""
    taken: list[bytes] = []
    room = MAX_OUTPUT
    async for line in lines:
        room -= len(line) + 1
        if room < 0:
            raise too_much(MAX_OUTPUT)
        if line == b"== end":
            break
        taken.append(line)
    return b"\n".join([*taken, b""])


def held_by(lane: str, node: str, holder: str) -> EnveError:
    """Why we lost."""
    return LeaseError(
        f"{holder or 'somebody'} is marching the lane '{lane}' (on {node}); nothing was sent",
        hint="wait until that march is over, then march again",
    )
