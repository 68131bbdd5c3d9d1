"""What a product is made of: known by what it says of itself, and fetched when something has to be
read of it."""

from __future__ import annotations

from enve_fire.core.trouble import Trouble
from enve_fire.stage import checkout
from enve_fire.stage.install import packaged

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from enve_fire.core.product import Product
    from enve_fire.stage.context import Context


class Origin:
    """Everything raises Trouble, OSError."""

    def __init__(self, product: Product, ctx: Context) -> None:
        self.product = product
        self._ctx = ctx
        self._fetched: Any = None
        self._hidden: bool | None = None

    @property
    def fetched(self) -> Any:
        """`fetch.how.Fetched`."""
        if self._fetched is None:
            self._fetched = checkout.source(self.product, self._ctx)
            self._says(self._fetched.source)
        return self._fetched

    @property
    def source(self) -> str:
        """Nothing is fetched for what is pinned."""
        if not self.product.source:
            self._says(checkout.known(self.product, self._ctx) or self.fetched.source)
        return str(self.product.source)

    def _says(self, source: str) -> None:
        if not self.product.source:
            self.product = self.product._replace(source=source)

    @property
    def hidden(self) -> bool:
        """Whether its url says already that not everybody could have fetched it."""
        if self._hidden is None:
            self._hidden = checkout.hidden(self.product, self._ctx)
        return self._hidden

    def is_package(self) -> bool:
        """Whether what is fetched is an artifact already. Raises Trouble for one that is not of
        this product."""
        if not packaged.may_be(self.product.url):
            return False
        found = packaged.of(self.fetched, self._ctx.platform)
        if found is not None:
            packaged.fit(found, self.product.table, self.product.url)
        return found is not None

    def here(self) -> str:
        """Its folder, if that is here; else "": nothing is fetched."""
        if self._fetched is None:
            alone = self._ctx._replace(how=self._ctx.how._replace(offline=True))
            try:
                self._fetched = checkout.source(self.product, alone)
            except Trouble:
                return ""
        return str(self._fetched.path)
