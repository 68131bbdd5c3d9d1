"""What a product runs with, installed along with it into the root that it is seen in."""

from __future__ import annotations

from enve_fire.core import along, profile
from enve_fire.stage.chain import Chain
from enve_fire.stage.install.place import Place, holds

TYPE_CHECKING = False
if TYPE_CHECKING:
    from enve_fire.core.product import Product
    from enve_fire.stage.context import Context


class Along:
    """`place`: the product's own. Everything raises Trouble, OSError."""

    def __init__(self, product: Product, place: Place, ctx: Context) -> None:
        self._place = Place(place.root, place.name, shared=True)
        self._chains = [Chain(one, ctx, self._place) for one in along.products(product)]

    def are_there(self) -> bool:
        return all(map(self._is_there, self._chains))

    def _is_there(self, chain: Chain) -> bool:
        return holds(self._place, chain.product.table, chain.hash(profile.INSTALL))

    def named(self) -> list[tuple[str, str]]:
        """As `environment.variables` takes them, in the root that they are seen in."""
        tables = [chain.product.table for chain in self._chains]
        return [(table["title"], table["prefix"]) for table in tables]

    def install(self) -> None:
        for chain in self._chains:
            chain.installed()
