"""An operator's desk: a key, a history, and plans in a few words."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tests.controller.march.simnode import SimFleet
from tests.support.keys import KeyHome

from enve.app.history import History
from enve.app.march import March
from enve.app.orders import Ask, Orders
from enve.model.blueprint import Keyhole
from enve.model.plan import Blob, NodePlan, RenderedPlan
from enve.model.report import Difference, Event, Notice, Result
from enve.trust import gnupg
from enve.trust.keyring import Keyring
from enve_pm.core.canonical import dumps

NOW = 1_800_000_000


def line(name: str, **more: Any) -> str:
    return dumps({"v": 1, "name": name, "command": ["sleep", "9"], **more}).decode()


def blob(data: bytes, *, secret: bool = False) -> Blob:
    return Blob(hashlib.sha256(data).hexdigest(), len(data), data, secret=secret)


def file(one: Blob) -> dict[str, Any]:
    return {"sha256": one.sha256, "size": one.size, "mode": 0o644}


def plan(
    nodes: Mapping[str, Iterable[str]],
    *blobs: Blob,
    name: str = "shop",
    lane: str = "main",
    secrets: frozenset[str] = frozenset(),
    skipped: Mapping[str, str] | None = None,
) -> RenderedPlan:
    each = {
        node: NodePlan(node, {_name(text): text for text in lines}, secrets=secrets)
        for node, lines in nodes.items()
    }
    found = {one.sha256: one for one in blobs}
    return RenderedPlan(name, "shop.example", lane, each, found, skipped or {})


def _name(text: str) -> str:
    return text.split('"name":"')[1].split('"', maxsplit=1)[0]


@dataclass
class Desk:
    """One person who marches. `now` may be moved; `asked` keeps the questions."""

    name: str
    keys: KeyHome
    fingerprint: str
    state: Path
    now: int = NOW
    events: list[Event] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def keyhole(self, scope: str = "**", **more: Any) -> Keyhole:
        public = self.keys.public(self.fingerprint)
        hole = Keyhole(self.name, self.fingerprint, public, ("march",), ("main",), (scope,))
        return replace(hole, **more)

    @property
    def history(self) -> History:
        return History(self.state / "main")

    def march(
        self,
        fleet: SimFleet,
        what: RenderedPlan,
        *,
        answer: bool | None = True,
        keyholes: tuple[Keyhole, ...] | None = None,
        **more: Any,
    ) -> March:
        """A march over the whole fleet; `answer` to every question, None = nobody to ask."""
        self.events = []
        nodes = tuple(sim.site for sim in fleet.sims.values())
        holes = {
            sim.name: sim.keyholes if keyholes is None else keyholes for sim in fleet.sims.values()
        }
        orders = Orders(what, nodes, holes, who=self.name, **more)
        return March(
            orders,
            fleet,
            self.history,
            self._signer,
            None if answer is None else self._ask(answer),
            lambda: self.now,
            self.events.append,
        )

    def _ask(self, answer: bool) -> Ask:
        async def ask(question: str) -> bool:
            self.asked.append(question)
            return answer

        return ask

    def _signer(self) -> gnupg.GnupgSigner:
        return gnupg.choose(Keyring(str(self.keys.path)), self.fingerprint)

    # -- what was told ---------------------------------------------------------------------------
    @property
    def results(self) -> dict[str, Result]:
        return {event.node: event for event in self.events if isinstance(event, Result)}

    @property
    def verdicts(self) -> dict[str, str]:
        return {name: result.verdict or result.outcome for name, result in self.results.items()}

    @property
    def notices(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, Notice)]

    @property
    def differences(self) -> list[Difference]:
        return [event for event in self.events if isinstance(event, Difference)]
