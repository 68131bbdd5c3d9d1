"""What is installed along with a product into a root of its own: all that it runs with, and what
that runs with, each seen in there at its own prefix."""

from __future__ import annotations

from enve_fire.core import profile
from enve_fire.core.product import Product
from enve_pm.core.fieldcheck import Bad

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Mapping


def products(product: Product) -> list[Product]:
    """Each once, what it needs itself first. Raises Bad where two want one path."""
    found: list[Product] = []
    left = list(product.deps(profile.INSTALL))
    while left:
        one = left.pop(0)
        if one not in found:
            found.append(one)
            left += one.deps(profile.INSTALL)
    _apart([product, *found])
    return found


def _apart(found: list[Product]) -> None:
    for number, one in enumerate(found):
        for other in found[:number]:
            if one.name == other.name or _overlap(one.table, other.table):
                told = "%s at %s" % (one.name, one.table["prefix"])
                raise Bad("products with prefixes of their own", told)


def _overlap(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether one prefix lies in the other."""
    long, short = (table["prefix"].rstrip("/") + "/" for table in (one, other))
    return bool(long.startswith(short) or short.startswith(long))
