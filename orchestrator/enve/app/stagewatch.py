"""The units of one node while a march waits for it: which stages are at work, and what one that
failed has printed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from itertools import takewhile

from enve.app.collect import command
from enve.app.visit import Visit
from enve.core import atwork, nodepaths, stories
from enve.core.atwork import Work
from enve.core.order import Order
from enve.errors import EnveError
from enve.model.report import Emit, Step
from enve_pm.core import address, stages
from enve_pm.core.refusal import FormatError

EVERY = 5.0  # seconds between two looks
EACH = 0.1  # seconds for each node, where that is more
SECONDS = 20.0  # that an answer may take
LINES = 12  # of its log
WHY = Order("why", words=("-o", "json"))


class StageWatch:
    """`lines`: the addresses, below the node, of all that it shall hold. `nodes`: how many are
    watched so."""

    def __init__(self, visit: Visit, lines: Iterable[str], emit: Emit, nodes: int = 1) -> None:
        self._every = max(EVERY, EACH * nodes)
        self._visit = visit
        self._emit = emit
        every = list(lines)
        made = [one for one in every if stages.spot(address.parse(one)[-1])]
        owners = (address.format(stages.owner(address.parse(one))) for one in made)
        self._all = [*dict.fromkeys((*made, *owners))]  # the spots start after them
        self.names = [*dict.fromkeys((*made, *every))]  # of all, stages first

    async def at_work(self) -> list[Work]:
        """Those that are being made now; none where that cannot be found out."""
        if not self._all:
            return []
        try:
            done = await self._visit.run(command(self._visit.node), deadline=SECONDS)
        except (EnveError, TimeoutError):
            return []
        return atwork.at_work(done.stdout, self._all)

    @asynccontextmanager
    async def told(self) -> AsyncIterator[None]:
        """Meanwhile, whoever looks on is told what is being made."""
        task = asyncio.create_task(self._tell()) if self._all else None
        try:
            yield
        finally:
            if task is not None:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task

    async def _tell(self) -> None:
        await asyncio.sleep(self._every * 0.4)
        while True:
            for work in (await self.at_work())[:1]:
                self._emit(Step(self._visit.name, title(work.unit), age=work.seconds))
            await asyncio.sleep(self._every)

    async def said(self, unit: str) -> tuple[str, ...]:
        """The last lines that a unit has printed, under a line that says where; none where they
        are not ours to read."""
        node = self._visit.node
        try:
            asked = WHY.command(nodepaths.of(node), [unit])
            done = await self._visit.run(asked, deadline=SECONDS)
            if done.status:
                return ()
            story = stories.why(node.name, done.stdout.decode("utf-8", "replace"))
        except (EnveError, TimeoutError, FormatError, RecursionError):
            return ()
        own = address.parse(story["chain"][-1]["unit"])[1:] == address.parse(unit)
        lines = ended(story["log"])[-LINES:] if own else []
        return (f"its last lines, on {node.name}:", *lines) if lines else ()


def ended(lines: Sequence[str]) -> Sequence[str]:
    """Without what the next try has printed already, behind the last error."""
    errors = [at for at, line in enumerate(lines) if line.startswith("error: ")]
    if not errors:
        return lines
    rest = takewhile(lambda line: line.startswith("  "), lines[errors[-1] + 1 :])
    return lines[: errors[-1] + 1 + len(list(rest))]


def title(unit: str) -> str:
    """`build of lua-5.4.4 for web`, `start of web`."""
    named = stages.split(address.parse(unit)[-1])
    return f"{named.stage} of {named.product} for {named.spot}" if named else f"start of {unit}"
