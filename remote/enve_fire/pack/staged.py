"""An artifact installed into a folder of its own, and that packed: all of it in one session, in
which files can be given away.
"""

from __future__ import annotations

import os

from enve_fire.core import profile
from enve_fire.core.product import Product
from enve_fire.core.source import worked_in
from enve_fire.pack.writer import PackTerms, write
from enve_fire.stage.install.laid import Artifact, Laying
from enve_fire.tree.remove import remove
from enve_pm.core.lean import namedtuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Order(namedtuple("Order", "product artifact first epoch map")):
    """`first`: the text of the first member · `map`: nobody can give files away here, so owners are
    only written down."""

    __slots__ = ()

    if TYPE_CHECKING:
        product: Product
        artifact: Artifact
        first: str
        epoch: int
        map: bool

    def data(self) -> dict[str, Any]:
        both = {"product": list(self.product), "artifact": list(self.artifact)}
        return {**self._asdict(), **both}

    @classmethod
    def read(cls, value: Any) -> Order:
        both = {"product": Product(*value["product"]), "artifact": Artifact(*value["artifact"])}
        return cls(**{**value, **both})


def pack(order: Order, out: Any) -> None:
    """`out`: has a `write`. Raises Trouble, OSError."""
    import tempfile

    folder = tempfile.mkdtemp(prefix="enve-pack-")
    try:
        target = folder + "/root"
        os.mkdir(target, 0o755)
        product = order.product._replace(table=_table(order))
        Laying(product, order.artifact._replace(sums="")).fill(target, False)
        plain = worked_in(order.product.source)
        owner = _owner(order.product) if order.map else None
        write(target, order.first.encode(), PackTerms(order.epoch, owner, plain), out)
    finally:
        remove(folder)


def _table(order: Order) -> dict[str, Any]:
    """However it is installed elsewhere, here it is copied."""
    table = dict(order.product.table)
    found = {**table.get("install", {}), "mode": "auto"}
    table["install"] = {**found, "owner": ""} if order.map else found
    return table


def _owner(product: Product) -> tuple[int, int]:
    found = profile.section(product.table, profile.INSTALL)["owner"] or "0:0"
    uid, gid = found.split(":")
    return int(uid), int(gid)
