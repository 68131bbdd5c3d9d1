"""All that a product takes before it runs, and what says that it is there."""

from __future__ import annotations

from enve_fire.core import profile
from enve_fire.core.trouble import INPUT, Trouble
from enve_fire.stage import dep, marks
from enve_fire.stage import setup as setting
from enve_fire.stage.config.doing import Given
from enve_fire.stage.final import Where
from enve_pm.core.lean import namedtuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from enve_fire.core.product import Product
    from enve_fire.stage.chain import Chain
    from enve_fire.stage.context import Context
    from enve_fire.stage.dep import Dep
    from enve_fire.stage.inside import Inside
    from enve_fire.stage.install.place import Place

MOST = 5  # pids that are told


class Prepared(
    namedtuple(
        "Prepared",
        "where hash deps marks dirs sources home mounts inside room",
        defaults=("", (), None, ()),
    )
):
    """`hash`: of the last stage · `marks`: (path, hash) · `dirs`: have to be there, entries of
    the store among them · `sources`: (folder that somebody works in, its tree hash) · `home`: of a
    root of its own · `mounts`: real paths, below which all of that root is mounted · `inside`: that
    root, if it is entered; then `where` is as it is seen in there · `room`: (value, key) of
    `settle.room`, and of `home`, where it runs in one."""

    __slots__ = ()

    if TYPE_CHECKING:
        where: Where
        hash: str
        deps: Sequence[Dep]
        marks: Sequence[tuple[str, str]]
        dirs: Sequence[str]
        sources: Sequence[tuple[str, str]]
        home: str
        mounts: Sequence[str]
        inside: Inside | None
        room: Sequence[tuple[str, str]]


def prepare(chain: Chain, ctx: Context, setup: bool = True, settle: bool = True) -> Prepared:
    """`setup`, `settle`: whether it takes these stages, if the product has them. Raises Trouble,
    OSError."""
    table = chain.product.table
    installs = profile.installs(table)
    found = _installed(chain) if installs else _bare(chain)
    if settle and profile.settles(table):
        from enve_fire.app import rooted

        found = rooted.lay(chain.product, found, ctx)
    return _set_up(chain, ctx, found) if setup and installs else found


def _installed(chain: Chain) -> Prepared:
    table = chain.product.table
    place = chain.installed()
    deps = chain.ready(profile.INSTALL)
    hash_ = chain.hash(profile.INSTALL)
    marks = [(place.installed(table), hash_)]
    where = Where(place.root, chain.src(_wants_src(table)), place.prefix(table))
    return Prepared(where, hash_, deps, marks, _folders(deps), chain.folders())


def _bare(chain: Chain) -> Prepared:
    """It runs where it was built, or checked out."""
    table = chain.product.table
    if profile.sets_up(table):
        text = "%s: `setup` needs an install, and `install.mode` is none" % chain.product.name
        raise Trouble(INPUT, text, "leave `install.mode` out")
    deps = chain.ready(profile.INSTALL)
    found, builds = chain.material().path, profile.builds(table)
    src = chain.src(not builds or _wants_src(table))
    root, home = (found, found + table["prefix"]) if builds else ("", src)
    dirs = [root or src, home, *_folders(deps)]
    where = Where(root, src, home)
    return Prepared(where, chain.hash(profile.BUILD), deps, [], dirs, chain.folders())


def _wants_src(table: Mapping[str, Any]) -> bool:
    """Whether the source has to be here though all is built."""
    words = [*profile.section(table, "test")["run"]]
    for name in (profile.RUN, "execute"):
        words += profile.section(table, name)["cmd"]
    return any("SRC" in word for word in words)


def _folders(deps: Sequence[Dep]) -> list[str]:
    """The entries, whose use is noted by their own paths, and what is used of them."""
    return [folder for one in deps for folder in (one.root, one.where)]


def _set_up(chain: Chain, ctx: Context, found: Prepared) -> Prepared:
    product, place, inside = chain.product, chain.installed(), found.inside
    _warn(product, place, inside, ctx)
    given = Given(dep.named(found.deps), found.where.src, chain.epoch, inside)
    hash_ = setting.setup(product, place, ctx, given=given)
    if not hash_:
        return found
    marks = [*found.marks, *setting.relied_on(product, place, inside)]
    return found._replace(hash=hash_, marks=marks)


def _warn(product: Product, place: Place, inside: Inside | None, ctx: Context) -> None:
    """Where another config is laid under who runs by the one that was there. Raises Trouble."""
    known = marks.read_hash(setting.mark_of(product, place))
    if not known or setting.is_valid(product, place, inside):
        return
    from enve_fire.stage.settle.users import users

    pids = users(place.prefix(product.table))
    if pids:
        told = "setup of %s: pid %s runs there by the config that it had; for several at once each"
        told += " takes a `cfgpath`, or a place of its own (--root)"
        ctx.report(told % (product.name, " ".join(map(str, pids[:MOST]))))
