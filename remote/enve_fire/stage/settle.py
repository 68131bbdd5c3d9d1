"""Settle: the root that a product gets, on somebody's own machine.

pm's own units do it (`enve_pm.maker`), by the very lines that a plan would bring to a node
(`core.settling`), one after the other; what cannot be done undoes what was. Taken away is in
reverse. `home` plays the part of a pm's HOME: the root and all that is relative lies below it, and
so does the mark, with the lines that were done.
"""

from __future__ import annotations

import os

from enve_fire.core import mark as marking
from enve_fire.core import profile, settling, sums
from enve_fire.core.trouble import SETTLE, Trouble
from enve_fire.stage import marks
from enve_fire.stage.rootunit import FAILURES, unit, why_of
from enve_fire.tree.remove import remove
from enve_pm.core.lean import namedtuple
from enve_pm.shell.process import mountinfo

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from enve_fire.core.product import Product
    from enve_fire.stage.context import Context

SPOT = "here"
BOOT = "/proc/sys/kernel/random/boot_id"

Settled = namedtuple("Settled", "root hash")  # the folder to chroot into, "" for none; of the mark


def settle(product: Product, ctx: Context, home: str) -> Settled:
    """Raises Trouble, OSError."""
    if not profile.settles(product.table):
        return Settled("", "")
    section, hash_ = product.table["settle"], sums.settle(product.table)
    root = settling.at(section, SPOT, _spots(home))
    held = Held(home)
    if held.hash == hash_ and not held.missing():
        return Settled(root, hash_)
    _may_mount(product)
    held.undo()
    archive = None
    if settling.is_archive(section):
        from enve_fire.stage.rootarchive import brought

        archive = brought(section, ctx, home)
    lines = settling.lines(section, SPOT, _spots(home), archive)
    ctx.report("settle of %s at %s" % (product.name, root))
    held.title = product.name
    held.make(lines, hash_)
    return Settled(root, hash_)


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
    """Nothing of it stays mounted, or it says why. Files go with `purge` alone, and only if nobody
    else has mounted anything there. Raises Trouble, OSError."""
    Held(home).undo()
    if not purge or not os.path.lexists(home):
        return
    inside = mountinfo.below(os.path.realpath(home), mountinfo.read())
    if inside:
        told = "%s stays: %s is mounted in it, and not by us" % (home, inside[0].at)
        raise Trouble(SETTLE, told, "unmount it first")
    remove(home)


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


class Held:
    """What was done in a home, as its mark says: `hash`, `lines`; nothing where there is none."""

    def __init__(self, home: str) -> None:
        self._home = home
        self._mark = "%s/%s" % (home, marking.ROOT)
        self._begun = "%s/%s" % (home, marking.FOLDER + "/root.begun")
        self.hash = marks.read_hash(self._mark)
        body = marks.read_body(self._mark) or marks.read_body(self._begun)
        self.lines: list[dict[str, Any]] = body.get("lines", [])
        self.title = str(body.get("title", ""))  # whose it is, for people

    def missing(self) -> str:
        """Why it is not all there; "" if it is. After a boot no mount is."""
        return next((why for _, why in self.lacks()), "")

    def lacks(self) -> Iterator[tuple[str, str]]:
        """(part, why) of what is not there."""
        for line in self.lines:
            why = why_of(unit(self._home, line, self.lines).check)
            if why:
                yield str(line["name"]), why

    def make(self, lines: list[dict[str, Any]], hash_: str) -> None:
        """All or nothing. Raises Trouble (SETTLE)."""
        for name in ("spots", "store", "jobs", marking.FOLDER):
            os.makedirs("%s/%s" % (self._home, name), 0o755, exist_ok=True)
        marks.drop(self._mark)
        marks.replace(self._begun, marking.text(hash_, {"lines": lines, "title": self.title}))
        self.lines = lines
        for line in lines:
            made = unit(self._home, line, lines)
            why = why_of(made.check) and why_of(made.make)
            why = why or why_of(made.check)
            if why:
                self.undo()
                told = "settle of %s: %s: %s" % (self.title, line["name"], why)
                raise Trouble(SETTLE, told, _hint())
        body = {"lines": lines, "boot": boot(), "title": self.title}
        marks.write(self._mark, hash_, body)
        marks.drop(self._begun)

    def undo(self) -> None:
        """In reverse. Raises Trouble (SETTLE) at what stays, with all that it stands on."""
        marks.drop(self._mark)
        for line in reversed(self.lines):
            try:
                unit(self._home, line, self.lines).undo()
            except FAILURES as error:
                told = "%s stays: %s" % (line["name"], error)
                raise Trouble(SETTLE, told, "end what uses it, then again") from None
        marks.drop(self._begun)
        self.hash, self.lines = "", []


def boot() -> str:
    """Which run of the kernel this is."""
    try:
        with open(BOOT, encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return ""


def _hint() -> str:
    with open("/proc/self/uid_map", encoding="ascii") as file:
        whole = file.read().split() == ["0", "0", str(2**32 - 1)]
    return "" if whole else "in a user namespace the kernel lets nobody lay such a root: use root's"


def _spots(home: str) -> str:
    """The folder with a directory for each unit."""
    return home + "/spots"


def _may_mount(product: Product) -> None:
    if os.geteuid():
        told = "settle of %s: mounts, users and networks take root's rights (CAP_SYS_ADMIN), and"
        hint = "run it as root, or leave `settle` out: then it runs in this machine's own root"
        raise Trouble(SETTLE, (told + " this is uid %d") % (product.name, os.geteuid()), hint)
