"""A product: where it comes from, what was found there, and how it is to be treated."""

from __future__ import annotations

from enve_fire.core import profile
from enve_pm.core.lean import namedtuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterator, Mapping, Sequence


class Product(namedtuple("Product", "url source table", defaults=("", {}))):
    """`source`: `git:TREE`, `sha256:HEX` (an archive's bytes), `tree:HASH` (a folder that somebody
    works in); "" as long as nothing was fetched. `table`: see `core.profile`."""

    __slots__ = ()

    if TYPE_CHECKING:
        url: str
        source: str
        table: Mapping[str, Any]

    @property
    def name(self) -> str:
        """`lua-5.4.4`"""
        return profile.product(self.table)

    def deps(self, kind: str) -> Sequence[Product]:
        """Those that it needs to build, to install (`install` and `run` together) or to run."""
        found = self.table.get("deps", {})
        return [of(row) for one in kinds(kind) for row in found.get(one, ())]

    def each(self) -> Iterator[Product]:
        """It, and all that it needs, and what that needs."""
        yield self
        for rows in self.table.get("deps", {}).values():
            for row in rows:
                yield from of(row).each()


def kinds(kind: str) -> Sequence[str]:
    """The deps that count for a stage: to install it also needs what it needs to run."""
    return (profile.INSTALL, profile.RUN) if kind == profile.INSTALL else (kind,)


def of(row: Mapping[str, Any]) -> Product:
    """A row of deps."""
    return Product(row["url"], row.get("source", ""), row["table"])
