"""A product in a root of its own (`settle`): laid when it runs, taken away on request.

Each install has a root of its own, `CACHE/root/TITLE-CHECKSUM`; those of older installs of the same
title go as soon as nobody uses them.
"""

from __future__ import annotations

import os

from enve_fire.app import quick
from enve_fire.core import mark, profile, rcfile, settling
from enve_fire.core.trouble import SETTLE, Trouble
from enve_fire.stage import settle
from enve_fire.stage.chain import Chain
from enve_fire.stage.final import Where
from enve_pm.core.fieldcheck import Bad

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from enve_fire.app.prepared import Prepared
    from enve_fire.core.product import Product
    from enve_fire.stage.context import Context


def lay(product: Product, found: Prepared, ctx: Context) -> Prepared:
    """The root, and in it the software that was prepared. Raises Trouble, OSError."""
    along = _along(product)
    home = _home(product, found.where, ctx)
    os.makedirs(home, 0o700, exist_ok=True)
    tidy(product, ctx, but=home)
    settled = settle.settle(product, ctx, home)
    prefix = product.table["prefix"]
    settle.show(home, found.where.home, prefix)
    deps = []
    for number, one in enumerate(along, 1):
        dep, inside = Chain(one, ctx).as_dep(profile.INSTALL), one.table["prefix"]
        settle.show(home, dep.where, inside, settling.ALONG % number)
        deps.append(dep._replace(where=inside))
    marks = [*found.marks, ("%s/%s" % (home, mark.ROOT), settled.hash)]
    return found._replace(where=Where("", "", prefix), deps=deps, marks=marks, home=home)


def _along(product: Product) -> Sequence[Product]:
    """What it runs with, and sees in there."""
    from enve_fire.core import along

    try:
        return along.products(product)
    except Bad as bad:
        told = "settle of %s: in one root each has a prefix that no other's lies in, found %s"
        raise Trouble(SETTLE, told % (product.name, bad.args[1])) from None


def tidy(product: Product, ctx: Context, but: str = "") -> list[str]:
    """Take away the roots of all installs of this title but one; those that are in use stay, and
    why is told."""
    folder, title = quick.cache(ctx.environ) + "/root", product.table["title"]
    left = []
    for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else ():
        home = folder + "/" + name
        if name.rpartition("-")[0] == title and home != but:
            try:
                settle.unsettle(home, purge=True)
            except Trouble as trouble:
                left.append(str(trouble))
    return left


def _home(product: Product, where: Where, ctx: Context) -> str:
    sum_ = rcfile.checksum(where.root or where.home)
    return "%s/root/%s-%s" % (quick.cache(ctx.environ), product.table["title"], sum_)
