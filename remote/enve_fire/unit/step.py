"""One step of one unit that pm has: what it is about, and whether the stage was done.

A check looks at one mark, or for one entry of the store; it fetches nothing, and writes nothing but
that the entry was of use. A build counts as there, too, where what was built is validly installed:
nobody needs it then.
"""

from __future__ import annotations

import os

from enve_fire.core import profile, profileshape, title
from enve_fire.core.product import Product
from enve_fire.core.trouble import INPUT, Trouble
from enve_fire.stage import build as building
from enve_fire.stage import inside as insides
from enve_fire.stage import setup as setting
from enve_fire.stage.chain import Chain
from enve_fire.stage.install.place import Place, holds
from enve_fire.unit import runtime
from enve_fire.unit.along import Along
from enve_pm.core.fieldcheck import Bad
from enve_pm.core.stages import BUILD, INSTALL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from enve_fire.stage.context import Context
    from enve_pm.core.unit import UnitSpec


class Step:
    """`spec`: the unit's; `root`: where it is installed; `own`: the unit's own folder, with what
    was brought along for it: `brought`, an artifact's folder. `artifact`: the url of one. Raises
    Trouble."""

    def __init__(self, spec: UnitSpec, root: str, own: str, ctx: Context) -> None:
        body = spec.body
        self.do = body["do"]
        self.brought = own + "/product" if spec.product else ""
        self.artifact = body.get("artifact", "")
        self.own = own
        self.ctx = ctx
        named = title.parse_unit(spec.unit)
        product = Product(body["url"], body.get("source", ""), _checked(body["table"]))
        if named is None or named.product != product.name:
            raise Trouble(INPUT, "%s: wanted a stage of %s" % (spec.unit, product.name))
        platform = body.get("platform", [])
        if platform and list(ctx.platform) != platform:
            told = "the artifact that was brought is for %s, this is %s"
            raise Trouble(INPUT, told % (" ".join(platform), " ".join(ctx.platform)))
        shared = "place" in body
        self.place = Place(root, root if shared else named.spot, shared)
        self.chain = Chain(product, ctx, self.place)
        self.along = _made_along(product, self.place, ctx) if body.get("along") else None
        self.inside = insides.of(product.table, named.spot, os.path.dirname(own))

    @property
    def table(self) -> Mapping[str, Any]:
        return self.chain.product.table

    @property
    def imported(self) -> bool:
        """Whether it was built elsewhere."""
        return bool(self.brought or self.artifact)

    def check(self) -> bool:
        """Whether it is there. Raises Trouble, OSError."""
        if self.do == BUILD:
            return self._installed() or self._built()
        if self.do == INSTALL:
            return self._installed()
        return self._installed() and setting.is_valid(self.chain.product, self.place, self.inside)

    def _installed(self) -> bool:
        if not holds(self.place, self.table, self.chain.hash(profile.INSTALL)):
            return False
        if self.along is not None:
            return self.along.are_there()
        return not self.needs() or runtime.is_there(self.place, self.table)

    def needs(self) -> bool:
        """Whether it runs with other products, which stay in the store."""
        return self.along is None and bool(self.chain.product.deps(profile.INSTALL))

    def _built(self) -> bool:
        if not profile.builds(self.table) and not self.imported:
            return bool(self.chain.src(wanted=False))
        return any(self.ctx.store.find(self.wanted(private)) for private in (False, True))

    def wanted(self, private: bool = False) -> Any:
        """What a build makes, as the store is asked for it."""
        hashes = [chain.hash(stage) for chain, stage in self.chain.deps(profile.BUILD)]
        return building.wanted(self.chain.product, hashes, self.ctx, private)


def _made_along(product: Product, place: Place, ctx: Context) -> Along:
    try:
        return Along(product, place, ctx)
    except Bad as bad:
        raise Trouble(INPUT, "stage.table.deps: wanted %s, found %s" % bad.args[:2]) from None


def _checked(value: Any) -> Mapping[str, Any]:
    try:
        found: Mapping[str, Any] = profileshape.check(value)
    except Bad as bad:
        told = "stage.table%s: wanted %s, found %.80r"
        raise Trouble(INPUT, told % ("".join(bad.args[2:]), *bad.args[:2])) from None
    return found
