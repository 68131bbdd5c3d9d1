"""Deliver one signed plan to all its nodes: each at its own pace, single spots in their order."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from enve.app.follow import Delivery
from enve.core import answer as answers
from enve.model.march import Answer

AT_ONCE = 1024  # deliveries: nearly all of each is waiting for its node
Done = Callable[[str, Answer], None]


@dataclass
class Dispatch:
    """`waits`: node -> the nodes that must have applied first, and for which spot's sake.

    `done` is called once for each node, with its last word."""

    deliveries: Mapping[str, Delivery]
    waits: Mapping[str, Mapping[str, str]]
    done: Done
    _ended: dict[str, asyncio.Event] = field(default_factory=dict)
    _told: set[str] = field(default_factory=set)

    async def run(self) -> None:
        """To the last word of each node. Cancelled: asks those under way once more, briefly, and
        tells every state before the cancellation goes on."""
        self._ended = {name: asyncio.Event() for name in self.deliveries}
        slots = asyncio.Semaphore(AT_ONCE)
        tasks = [asyncio.create_task(self._one(name, slots), name=name) for name in self.deliveries]
        try:
            await asyncio.gather(*tasks)
        except asyncio.CancelledError:
            await self._interrupted(tasks)
            raise

    async def _one(self, name: str, slots: asyncio.Semaphore) -> None:
        reason = await self._turn(name)
        if reason:
            self._tell(name, Answer("pending", True, reason=reason))
            return
        async with slots:
            self._tell(name, await self.deliveries[name].run())

    async def _turn(self, name: str) -> str:
        """Wait until the nodes that give a single spot up have done so; why it is not our turn."""
        for other, spot in self.waits.get(name, {}).items():
            if other not in self.deliveries:
                return f"'{spot}' runs on {other}, which this march does not reach (--allow-both)"
            await self._ended[other].wait()
            if not gave_up(self.deliveries[other].answer):
                return f"'{spot}' may still run on {other} (--allow-both)"
        return ""

    def _tell(self, name: str, answer: Answer) -> None:
        self.deliveries[name].answer = answer
        self._told.add(name)
        self._ended[name].set()
        self.done(name, answer)

    async def _interrupted(self, tasks: Collection[asyncio.Task[None]]) -> None:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        left = [name for name in self.deliveries if name not in self._told]
        last = await asyncio.gather(*(self.deliveries[name].last_ask() for name in left))
        for name, answer in zip(left, last, strict=True):
            self._tell(name, answer)


def gave_up(answer: Answer) -> bool:
    """Whether a node certainly runs by the new plan."""
    return answer.word == "applied" or (
        answer.word == "duplicate" and answers.exit_code(answer) == 0
    )
