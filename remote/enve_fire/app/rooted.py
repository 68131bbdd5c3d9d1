"""A product in a root of its own (`settle`): laid when it runs, taken away on request.

Each install has a root of its own, `CACHE/root/TITLE-CHECKSUM`; those of older installs of the same
title go as soon as nobody uses them. Volumes are no part of a root: they are the title's, lie in
`DATA/volumes/TITLE`, and go on request only.
"""

from __future__ import annotations

import os

from enve_fire.app import quick
from enve_fire.core import mark, profile, rcfile
from enve_fire.core.settle import settling
from enve_fire.core.trouble import SETTLE, Trouble
from enve_fire.stage.chain import Chain
from enve_fire.stage.final import Where
from enve_fire.stage.settle import settle
from enve_fire.stage.settle.lock import RootLock
from enve_pm.core.fieldcheck import Bad

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from enve_fire.app.prepared import Prepared
    from enve_fire.core.product import Product
    from enve_fire.core.settle.settling import Line
    from enve_fire.stage.context import Context
    from enve_fire.stage.settle.settle import Settled


def lay(product: Product, found: Prepared, ctx: Context) -> Prepared:
    """The root, and in it the software that was prepared. Raises Trouble, OSError."""
    along = _along(product)
    home, data = _home(product, found.where, ctx), _data(product, ctx)
    deps = [Chain(one, ctx).as_dep(profile.INSTALL) for one in along]
    prefixes = [one.table["prefix"] for one in (product, *along)]
    shown = _shown([found.where.home, *(dep.where for dep in deps)], prefixes)
    archive = _alone(product, ctx) if os.geteuid() else ""
    for trouble in _others(product, ctx, home):
        ctx.report(trouble.message)
    os.makedirs(data, 0o700, exist_ok=True)
    settled = _held(product, ctx, home, data, shown, archive)
    marks = [*found.marks, ("%s/%s" % (home, mark.ROOT), settled.hash)]
    mounts = list(dict.fromkeys(map(os.path.realpath, (home, settled.root))))
    found = found._replace(marks=marks, home=home, mounts=mounts, inside=settled.inside)
    if settled.inside is None:  # the root is there, and it runs out here
        return found
    deps = [dep._replace(where=at) for dep, at in zip(deps, prefixes[1:])]  # noqa: B905
    room = {"home": home, **settle.room(product, home)}
    rows = [(room[key], key) for key in room]
    return found._replace(where=Where("", "", prefixes[0]), deps=deps, room=rows)


def _alone(product: Product, ctx: Context) -> str:
    """Who is not root lays it among mounts of his own. All that the store has for it is looked for
    before: in there nobody can tell whose things are. The archive of its files, "" if it has none.
    Raises Trouble, OSError."""
    from enve_fire.stage.settle import alone, archive

    section = product.table["settle"]
    path = archive.found(section, ctx) if settling.is_archive(section) else ""
    alone.enter(_roots(ctx))
    return path


def _held(  # noqa: PLR0913, PLR0917
    product: Product, ctx: Context, home: str, data: str, shown: Sequence[Line], archive: str
) -> Settled:
    """Laid, and not taken away before this process has become what runs in it, or ended."""
    while True:
        settled = settle.settle(product, ctx, home, data, shown, archive)
        lock = RootLock(home, alone=False, make=True).take()
        if settle.stands(home, settled.hash, shown):
            return settled
        lock.close()


def _shown(sources: Sequence[str], prefixes: Sequence[str]) -> list[Line]:
    """The product's own line, and one of each that it runs with."""
    parts = [settling.SOFTWARE, *(settling.ALONG % n for n in range(1, len(sources)))]
    rows = zip(sources, prefixes, parts)  # noqa: B905
    return [settling.shown(settle.SPOT, source, prefix, part) for source, prefix, part in rows]


def _along(product: Product) -> Sequence[Product]:
    """What it runs with, and sees in there."""
    from enve_fire.core import along

    try:
        return along.products(product)
    except Bad as bad:
        told = "settle of %s: in one root each has a prefix that no other's lies in, found %s"
        raise Trouble(SETTLE, told % (product.name, bad.args[1])) from None


def unsettle(product: Product, ctx: Context, purge: bool) -> None:
    """No root of this title stays mounted; with `purge` no file of them stays either, nor do its
    volumes. Raises Trouble for what is in use, OSError."""
    left = _others(product, ctx, "", purge)
    if left:
        raise left[0]
    if purge:
        settle.clear(_data(product, ctx))


def _others(product: Product, ctx: Context, but: str, purge: bool = True) -> list[Trouble]:
    """Take away the roots of all installs of this title but one; why some stay."""
    folder, title = _roots(ctx), product.table["title"]
    left = []
    for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else ():
        home = folder + "/" + name
        if name.rpartition("-")[0] == title and home != but:
            try:
                settle.unsettle(home, purge)
            except Trouble as trouble:
                left.append(trouble)
    return left


def _home(product: Product, where: Where, ctx: Context) -> str:
    """Of an install, and of where its volumes lie: these are shown in it."""
    sum_ = rcfile.checksum("%s\n%s" % (where.root or where.home, _data(product, ctx)))
    return "%s/%s-%s" % (_roots(ctx), product.table["title"], sum_)


def _roots(ctx: Context) -> str:
    return quick.cache(ctx.environ) + "/root"


def _data(product: Product, ctx: Context) -> str:
    """Where its volumes are, whatever its version is: no cache, which may be emptied."""
    base = ctx.environ.get("XDG_DATA_HOME", "")
    if not base.startswith("/"):
        base = ctx.environ.get("HOME", quick.NOWHERE) + "/.local/share"
    return "%s/%s/volumes/%s" % (base, quick.CACHE, product.table["title"])
