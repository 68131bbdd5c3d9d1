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


def pinned(text: str, table: Mapping[str, Any], ctx: Context, folder: str = "") -> tuple[str, str]:
    """(the url that means the same for ever, its source), as the profile wants it. What is pinned
    already is not fetched for that. Raises Trouble."""
    from enve_fire.fetch.fetch import known

    where = parsed(text, folder)
    source = known(where, how(table, ctx))
    if source:
        return where.text, source
    fetched = checkout(text, table, ctx, folder)
    return fetched.pinned.text, fetched.source


def known(product: Product, ctx: Context) -> str:
    """What is there for sure, without looking; "" where somebody has to look."""
    from enve_fire.fetch.fetch import known

    return known(parsed(product.url), how(product.table, ctx))


def hidden(product: Product, ctx: Context) -> bool:
    """Whether the url says already that not everybody could have fetched it."""
    from enve_fire.fetch.fetch import hidden

    return hidden(parsed(product.url), ctx.store, how(product.table, ctx))
