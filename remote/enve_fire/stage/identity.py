"""What a product is known by: the hashes of its stages, of its source and of what it needs."""

from __future__ import annotations

from enve_fire.core import product as products
from enve_fire.core import profile, sums
from enve_fire.stage.origin import Origin

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from enve_fire.core.product import Product
    from enve_fire.stage.chain import Chain
    from enve_fire.stage.context import Context


class Identity:
    """`place`: the name of where it is installed · `chain`: of what it needs. Raises Trouble,
    OSError."""

    def __init__(
        self, product: Product, ctx: Context, place: str, chain: Callable[[Product], Chain]
    ) -> None:
        self.origin = Origin(product, ctx)
        self._platform = ctx.platform
        self._place = place
        self._chain = chain
        self._hash: dict[str, str] = {}
        self._deps: dict[str, list[tuple[Chain, str]]] = {}

    @property
    def table(self) -> Any:
        return self.origin.product.table

    def hash(self, stage: str) -> str:
        """Of its build, or of its install."""
        if stage not in self._hash:
            found = self._built() if stage == profile.BUILD else self._installed()
            self._hash[stage] = found
        return self._hash[stage]

    def _built(self) -> str:
        source, deps = self.origin.source, self.hashes(profile.BUILD)
        return sums.artifact(self.table, source, deps, self._platform)

    def _installed(self) -> str:
        built, deps = self.hash(profile.BUILD), self.hashes(profile.INSTALL)
        return sums.install(self.table, built, self._place, deps, self._platform)

    def hashes(self, kind: str) -> list[str]:
        return [chain.hash(stage) for chain, stage in self.deps(kind)]

    def deps(self, kind: str) -> list[tuple[Chain, str]]:
        """(what it needs, the stage that it needs it in)"""
        return [one for each in products.kinds(kind) for one in self._needed(each)]

    def each(self) -> list[Chain]:
        """All that it needs for anything."""
        return [chain for kind in profile.KINDS for chain, _ in self._needed(kind)]

    def _needed(self, kind: str) -> list[tuple[Chain, str]]:
        if kind not in self._deps:
            rows = self.table.get("deps", {}).get(kind, ())
            self._deps[kind] = [
                (self._chain(products.of(row)), row.get("stage") or profile.INSTALL) for row in rows
            ]
        return self._deps[kind]

    # -- who may see it ----------------------------------------------------------------------------
    @property
    def hidden(self) -> bool:
        """Whether it is known already that not everybody could have fetched all that it is built
        of."""
        return self.origin.hidden or any(chain.hidden for chain, _ in self.deps(profile.BUILD))

    @property
    def closed(self) -> bool:
        """Whether not everybody could have."""
        deps = self.deps(profile.BUILD)
        return bool(self.origin.fetched.private) or any(chain.private for chain, _ in deps)
