"""One step of one unit that pm has: whether a stage was done, or doing it.

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
from enve_fire.stage import dep, marks, packaged
from enve_fire.stage import inside as insides
from enve_fire.stage import setup as setting
from enve_fire.stage.chain import Chain
from enve_fire.stage.config.doing import Given
from enve_fire.stage.place import Place
from enve_fire.unit import runtime
from enve_fire.unit.along import Along
from enve_pm.core.fieldcheck import Bad
from enve_pm.core.stages import BUILD, INSTALL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from typing import Any

    from enve_fire.stage.context import Context
    from enve_pm.core.unit import UnitSpec


class Step:
    """`spec`: the unit's; `root`: where it is installed; `own`: the unit's own folder, with what
    was brought along for it. Raises Trouble."""

    def __init__(self, spec: UnitSpec, root: str, own: str, ctx: Context) -> None:
        body = spec.body
        self.do = body["do"]
        self._brought = own + "/product" if spec.product else ""
        self._artifact = body.get("artifact", "")
        self._own = own
        self._ctx = ctx
        self._named = title.parse_unit(spec.unit)
        product = Product(body["url"], body.get("source", ""), _checked(body["table"]))
        if self._named is None or self._named.product != product.name:
            raise Trouble(INPUT, "%s: wanted a stage of %s" % (spec.unit, product.name))
        platform = body.get("platform", [])
        if platform and list(ctx.platform) != platform:
            told = "the artifact that was brought is for %s, this is %s"
            raise Trouble(INPUT, told % (" ".join(platform), " ".join(ctx.platform)))
        shared = "place" in body
        self._place = Place(root, root if shared else self._named.spot, shared)
        self._chain = Chain(product, ctx, self._place)
        self._along = _made_along(product, self._place, ctx) if body.get("along") else None
        self._inside = insides.of(product.table, self._named.spot, os.path.dirname(own))

    @property
    def _table(self) -> Mapping[str, Any]:
        return self._chain.product.table

    # -- is it there? -----------------------------------------------------------------------------
    def check(self) -> bool:
        """Raises Trouble, OSError."""
        if self.do == BUILD:
            return self._installed() or self._built()
        if self.do == INSTALL:
            return self._installed()
        return self._installed() and setting.is_valid(
            self._chain.product, self._place, self._inside
        )

    def _installed(self) -> bool:
        found = marks.read_hash(self._place.installed(self._table))
        if not found or found != self._chain.hash(profile.INSTALL):
            return False
        if self._along is not None:
            return self._along.are_there()
        return not self._needs() or runtime.is_there(self._place, self._table)

    def _needs(self) -> bool:
        """Whether it runs with other products, which stay in the store."""
        return self._along is None and bool(self._chain.product.deps(profile.INSTALL))

    def _built(self) -> bool:
        if not profile.builds(self._table) and not self._imported:
            return bool(self._chain.src(wanted=False))
        return any(self._ctx.store.find(self._wanted(private)) for private in (False, True))

    def _wanted(self, private: bool = False) -> Any:
        hashes = [chain.hash(stage) for chain, stage in self._chain.deps(profile.BUILD)]
        return building.wanted(self._chain.product, hashes, self._ctx, private)

    # -- do it ------------------------------------------------------------------------------------
    def make(self, used: Collection[str] = ()) -> None:
        """`used`: the versions that must stay. Raises Trouble, OSError."""
        if self.do == BUILD:
            self._build()
        elif self.do == INSTALL:
            self._install(used)
        else:
            setting.setup(self._chain.product, self._place, self._ctx, self._own, self._given())

    def _given(self) -> Given:
        """What commands of a setup are told. Nothing is fetched for that."""
        if self._inside is not None:  # where the source is not seen
            deps = self._along.named() if self._along is not None else []
            return Given(deps, "", self._chain.epoch, self._inside)
        deps = dep.named(self._chain.ready(profile.INSTALL))
        return Given(deps, self._chain.src(wanted=False), self._chain.epoch)

    @property
    def _imported(self) -> bool:
        return bool(self._brought or self._artifact)

    def _build(self) -> None:
        if self._imported:
            self._ctx.store.make(self._wanted(), self._import, self._ctx.report)
        else:
            self._chain.material()

    def _import(self, out: str) -> None:
        """What was built elsewhere becomes the entry that a build here would have made."""
        from enve_fire.tree.copy import AUTO, Terms, copy
        from enve_fire.tree.modes import paths

        setuid = paths(profile.setuid(self._table))
        source = self._brought or self._fetch(self._artifact)
        copy(source, out, AUTO, Terms(False, packaged.without_own, setuid, closed=True))

    def _fetch(self, text: str) -> str:
        """A package of just this product."""
        from enve_fire.stage.checkout import checkout

        plain = self._ctx._replace(how=self._ctx.how._replace(strip=0))
        fetched = checkout(text, None, plain)
        package = packaged.of(fetched, self._ctx.platform)
        if package is None:
            raise Trouble(INPUT, "%s is no package: makepkg did not make it" % text)
        packaged.fit(package, self._table, text, self._chain.product.source)
        return str(fetched.path)

    def _install(self, used: Collection[str]) -> None:
        from enve_fire.stage import versions

        self._chain.installed()
        if self._along is not None:
            self._along.install()
        if self._needs():
            runtime.write(self._place, self._table, self._chain.ready(profile.INSTALL))
        if not self._place.shared:
            report = self._ctx.report
            for gone in versions.prune(self._place, self._table, used, report):
                report("%s is removed: install.keep" % gone)


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
