"""Checkout: what a product is made of, as a folder that is only read."""

from __future__ import annotations

from enve_fire.core import profile, url
from enve_fire.core.trouble import CHECKOUT, INPUT, Trouble
from enve_pm.core.fieldcheck import Bad

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from enve_fire.core.product import Product
    from enve_fire.stage.context import Context

KEYS = ("subdir", "submodules", "strip", "refresh")


def checkout(text: str, table: Mapping[str, Any] | None, ctx: Context, folder: str = "") -> Any:
    """`fetch.how.Fetched`. `table`: None as long as the profile is not known · `folder`: where
    relative paths start. Raises Trouble."""
    from enve_fire.fetch.fetch import fetch

    return fetch(parsed(text, folder), ctx.store, how(table, ctx))


def parsed(text: str, folder: str = "") -> url.Url:
    """Raises Trouble."""
    try:
        return url.parse(text, folder)
    except Bad as bad:
        raise Trouble(INPUT, "wanted %s, found %.200r" % bad.args[:2]) from None


def how(table: Mapping[str, Any] | None, ctx: Context) -> Any:
    """What the caller asked for comes before what the profile says."""
    if table is None:
        return ctx.how
    found = profile.section(table, "checkout")
    changes = {key: found[key] for key in KEYS}
    if ctx.how.refresh != profile.NEVER:
        del changes["refresh"]
    return ctx.how._replace(**changes)


def source(product: Product, ctx: Context) -> Any:
    """`Fetched` of just what the product says. Raises Trouble where something else is there."""
    found = checkout(product.url, product.table, ctx)
    if product.source and found.source != product.source:
        text = "%s: wanted %s, found %s" % (product.url, product.source, found.source)
        raise Trouble(CHECKOUT, text, "it has changed since it was looked at: try again")
    return found
