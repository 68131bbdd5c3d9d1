"""Settle: the root that a product gets, on somebody's own machine.

pm's own units do it (`enve_pm.maker`), by the very lines that a plan would bring to a node
(`core.settle.settling`), one after the other; what cannot be done undoes what was. Taken away is in
reverse. `home` plays the part of a pm's HOME: the root and all that is relative lies below it, and
so does the mark, with the lines that were done.
"""

from __future__ import annotations

import os
from contextlib import closing

from enve_fire.core import profile, sums
from enve_fire.core.settle import settling
from enve_fire.core.trouble import SETTLE, Trouble
from enve_fire.stage import inside as insides
from enve_fire.stage.install.held import Held
from enve_fire.stage.settle.lock import RootLock
from enve_fire.tree.remove import remove
from enve_pm.core.lean import namedtuple
from enve_pm.shell.process import mountinfo

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from enve_fire.core.product import Product
    from enve_fire.core.settle.settling import Line
    from enve_fire.stage.context import Context

SPOT = "here"

# root: its folder, "" for none · hash: of the mark · inside: None where it is not entered
Settled = namedtuple("Settled", "root hash inside", defaults=(None,))


def settle(  # noqa: PLR0913, PLR0917
    product: Product,
    ctx: Context,
    home: str,
    data: str = "",
    shown: Sequence[Line] = (),
    archive: str = "",
) -> Settled:
    """`data`: the folder of volumes, which outlive the root; `shown`: lines of software that is
    seen in it (`settling.shown`); `archive`: with its files, if that was found already. One at a
    time. Raises Trouble, OSError."""
    if not profile.settles(product.table):
        return Settled("", "")
    section, hash_ = product.table["settle"], sums.settle(product.table)
    root = settling.at(section, SPOT, _spots(home))
    settled = Settled(root, hash_, insides.of(product.table, SPOT, _spots(home)))
    if os.path.isdir(home):
        with RootLock(home, alone=False, make=True):
            if stands(home, hash_, shown):
                return settled
    with RootLock(home, alone=True, make=True):
        if not stands(home, hash_, shown):  # else somebody has laid it meanwhile
            _lay(product, ctx, home, data, shown, archive)
    return settled


def stands(home: str, hash_: str, shown: Sequence[Line]) -> bool:
    """Whether it is all there, just so. Raises Trouble, OSError."""
    held = Held(home)
    there = [line for line in held.lines if settling.is_shown(line)]
    return held.hash == hash_ and there == list(shown) and not held.missing()


def _lay(  # noqa: PLR0913, PLR0917
    product: Product, ctx: Context, home: str, data: str, shown: Sequence[Line], archive: str
) -> None:
    """Anew; where somebody stands in it only what is missing."""
    section, hash_, held = product.table["settle"], sums.settle(product.table), Held(home)
    lines = [line for line in held.lines if not settling.is_shown(line)]
    used = held.users()
    if held.hash != hash_ or not (used or all(_is_kept(line, home) for line in lines)):
        held.undo()
        brought = _archive(section, ctx, home, archive)
        lines = settling.lines(section, SPOT, _spots(home), brought, data)
    lines += shown
    if held.lines != lines or not used:
        held.undo()
    ctx.report("settle of %s at %s" % (product.name, settling.at(section, SPOT, _spots(home))))
    held.title = product.name
    held.make(lines, hash_)


def _is_kept(line: Line, home: str) -> bool:
    """Whether the archive of a line is where pm's unit finds it, if it has one."""
    return os.path.exists("%s/store/%s" % (home, line.get("product", {}).get("sha256", "")))


def _archive(section: Line, ctx: Context, home: str, path: str) -> Line | None:
    if not settling.is_archive(section):
        return None
    from enve_fire.stage.settle import archive

    return archive.brought(path or archive.found(section, ctx), home)


def unsettle(home: str, purge: bool = False) -> None:
    """Nothing of it stays mounted, or it says why. Files go with `purge` alone. Raises Trouble,
    OSError."""
    try:
        lock = RootLock(home, alone=True, wait=False).take()
    except BlockingIOError:
        told = "%s stays: somebody lays it, or is about to run in it" % home
        raise Trouble(SETTLE, told, "end what uses it, then again") from None
    except FileNotFoundError:
        return  # there is none
    with closing(lock):
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


def room(product: Product, home: str) -> dict[str, str]:
    """Of a root that is entered, for `entering.enter`: `root`, `network` (a path), `namespaces`."""
    section = product.table["settle"]
    keys = settling.inside(section, SPOT)
    found = {"root": settling.at(section, SPOT, _spots(home))}
    if "net" in keys:
        found["network"] = insides.NETWORKS + section["network"]["netns"]
    if "namespaces" in keys:
        found["namespaces"] = " ".join(keys["namespaces"])
    return found


def _spots(home: str) -> str:
    """The folder with a directory for each unit."""
    return home + "/spots"
