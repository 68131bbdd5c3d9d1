"""Streams that no controller would make, signed with real keys, for nodes that hold real plans."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from enve_pm.core.part import Part
from enve_pm.wire import head as heads
from enve_pm.wire import stream as streams
from tests.node.trust.forge import DAY, Plan, line
from tests.support.site import Site

__all__ = ["DAY", "Forger", "line"]


class Forger:
    """Makes the next plan of a site's lane as alice would, or as somebody would like it to be."""

    def __init__(self, site: Site, lane: str = "main") -> None:
        self.site = site
        self.lane = lane

    def next(self, node: str = "n1", spots: Mapping[str, str] | None = None, **keys: Any) -> Plan:
        """What `node` holds with these lines put in (None: one unit more), one serial later."""
        pm = self.site.pm(node)
        held = streams.decode(pm.stream(self.lane))
        head = heads.parse(held.head)
        part = pm.part(self.lane)
        more = {"extra": line("extra")} if spots is None else spots
        now = int(time.time())
        told: dict[str, Any] = {
            "serial": head.serial + 1,
            "bases": heads.chain(head.serial, heads.name(held.head), head.bases),
            "domain": head.domain,
            "lane": self.lane,
            "name": head.plan,
            "issued": now,
            "expires": now + DAY,
        }
        parts = {node: Part(part.header, {**part.lines, **more})}
        return Plan(**{"parts": parts, **told, **keys})

    def stream(
        self, plan: Plan, *keys: str, node: str = "n1", options: Sequence[str] = ()
    ) -> bytes:
        """Signed by these keys, alice's unless said; to `node`. `options` are gpg's."""
        sign = self.site.fleet.keys.sign
        signers = keys or (self.site.fleet.alice,)
        signs = [lambda data, key=key: sign(key, data, *options) for key in signers]
        return plan.stream(*signs, node=node)
