"""Settle: the root that a product gets, on somebody's own machine.

pm's own units do it (`enve_pm.maker`), by the very lines that a plan would bring to a node
(`core.settling`), one after the other; what cannot be done undoes what was. Taken away is in
reverse. `home` plays the part of a pm's HOME: the root and all that is relative lies below it, and
so does the mark, with the lines that were done.
"""

from __future__ import annotations

import os

from enve_fire.core import profile, settling, sums
from enve_fire.core.trouble import SETTLE, Trouble
from enve_fire.stage import inside as insides
from enve_fire.stage.held import Held
from enve_fire.tree.remove import remove
from enve_pm.core.lean import namedtuple
from enve_pm.shell.process import mountinfo

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from enve_fire.core.product import Product
    from enve_fire.stage.context import Context

SPOT = "here"

# root: its folder, "" for none · hash: of the mark · inside: None where it is not entered
Settled = namedtuple("Settled", "root hash inside", defaults=(None,))


def settle(product: Product, ctx: Context, home: str, data: str = "") -> Settled:
    """`data`: the folder of volumes, which outlive the root. Raises Trouble, OSError."""
    if not profile.settles(product.table):
        return Settled("", "")
    section, hash_ = product.table["settle"], sums.settle(product.table)
    root = settling.at(section, SPOT, _spots(home))
    held = Held(home)
    settled = Settled(root, hash_, insides.of(product.table, SPOT, _spots(home)))
    if held.hash == hash_ and not held.missing():
        return settled
    _may_mount(product)
    held.undo()
    archive = None
    if settling.is_archive(section):
        from enve_fire.stage.rootarchive import brought

        archive = brought(section, ctx, home)
    lines = settling.lines(section, SPOT, _spots(home), archive, data)
    ctx.report("settle of %s at %s" % (product.name, root))
    held.title = product.name
    held.make(lines, hash_)
    return settled


def show(home: str, source: str, prefix: str, part: str = settling.SOFTWARE) -> None:
    """Software that is installed at `source` is seen in the root at its prefix, too. Raises
    Trouble, OSError."""
    held = Held(home)
    line = settling.shown(SPOT, source, prefix, part)
    if line not in held.lines:
        held.make([*held.lines, line], held.hash)
    elif held.missing():
        held.make(held.lines, held.hash)


def unsettle(home: str, purge: bool = False) -> None:
    """Nothing of it stays mounted, or it says why. Files go with `purge` alone. Raises Trouble,
    OSError."""
    Held(home).undo()
    if purge:
        clear(home)


def clear(folder: str) -> None:
    """All that is in it goes, if nobody has mounted anything there. Raises Trouble, OSError."""
    if not os.path.lexists(folder):
        return
    inside = mountinfo.below(os.path.realpath(folder), mountinfo.read())
    if inside:
        told = "%s stays: %s is mounted in it, and not by us" % (folder, inside[0].at)
        raise Trouble(SETTLE, told, "unmount it first")
    remove(folder)


def words(product: Product, home: str, argv: Sequence[str]) -> list[str]:
    """What runs a command in the root, as `isolate` says."""
    section = product.table.get("settle", {})
    root = settling.at(section, SPOT, _spots(home))
    keys = settling.inside(section, SPOT)
    before: list[str] = []
    if "net" in keys:
        before = ["nsenter", "--net=/run/netns/" + section["network"]["netns"], "--"]
    if "namespaces" in keys:
        kinds = ["--" + kind for kind in keys["namespaces"]]
        return [*before, "unshare", *kinds, "--fork", "--kill-child", "--root=" + root, "--", *argv]
    return [*before, "chroot", root, *argv] if "root" in keys else [*before, *argv]


def _spots(home: str) -> str:
    """The folder with a directory for each unit."""
    return home + "/spots"


def _may_mount(product: Product) -> None:
    if os.geteuid():
        told = "settle of %s: mounts, users and networks take root's rights (CAP_SYS_ADMIN), and"
        hint = "run it as root, or leave `settle` out: then it runs in this machine's own root"
        raise Trouble(SETTLE, (told + " this is uid %d") % (product.name, os.geteuid()), hint)
