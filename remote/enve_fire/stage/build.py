"""Build: from a source to an artifact, the tree as it will lie below a root.

It happens beside the entry that it makes (`store.draft`), on the store's file system:

    out    $OUT    work/src    $SRC, a copy of the source (`copy: true`), or
    log            work/build  where it works instead (`copy: false`; $SRC is the source itself)
                   work/home   $HOME and $TMPDIR

An entry is there whole or not at all, so that whoever is killed has only lost time, and what fails
touches no older entry.
"""

from __future__ import annotations

import os

from enve_fire.core import profile, sums
from enve_fire.core.trouble import BUILD, Trouble
from enve_fire.stage import checkout, dep, source
from enve_fire.stage.environment import variables
from enve_fire.stage.walls import sandbox
from enve_fire.stage.work import Work
from enve_fire.store import draft
from enve_fire.store.needs import closure
from enve_fire.store.wanted import Wanted
from enve_fire.tree.modes import close_files
from enve_fire.tree.walk import odd, top

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from enve_fire.core.product import Product
    from enve_fire.stage.context import Context
    from enve_fire.stage.dep import Dep
    from enve_fire.store.entry import Entry
    from enve_fire.store.store import Store

    Then = Callable[[Work], None]

SOURCE, APART, HOME = "src", "build", "home"


def build(  # noqa: PLR0913, PLR0917
    product: Product,
    store: Store,
    ctx: Context,
    deps: Sequence[Dep] = (),
    private: bool = False,
    then: Then | None = None,
) -> Entry:
    """Its artifact; made where it is not there. `product.source` is known. Raises Trouble."""
    asked = wanted(product, [one.hash for one in deps], ctx, private, [one.name for one in deps])
    return store.make(asked, Building(product, ctx, deps, then).run, ctx.report)


def wanted(
    product: Product,
    deps: Sequence[str],
    ctx: Context,
    private: bool = False,
    names: Sequence[str] = (),
) -> Wanted:
    """What the store is asked for. `deps`: the hashes of build dependencies · `private`: not all
    could fetch the source, so not all may read what is made of it · `names`: of the entries that
    the build dependencies are, to be kept with it."""
    text = sums.build_text(product.table, product.source, deps, ctx.platform)
    return Wanted(text, product.table["title"], profile.BUILD, private, deps=names)


class Building:
    """One build. `then`: what is done in its work folder before that goes."""

    def __init__(
        self,
        product: Product,
        ctx: Context,
        deps: Sequence[Dep],
        then: Then | None = None,
    ) -> None:
        self._product = product
        self._ctx = ctx
        self._deps = deps
        self._then = then
        hashes = [one.hash for one in deps]
        self._hash = sums.build(product.table, product.source, hashes, ctx.platform)

    def run(self, out: str) -> None:
        """Into an empty folder of a draft. Raises Trouble."""
        table, name = self._product.table, self._product.name
        work = self._prepared(out)
        draft.note(out, sandbox=work.walls.kind)
        commands = profile.section(table, "build")["run"]
        work.run(commands, BUILD, "build of " + name)
        if commands and not os.listdir(out):
            hint = "its commands install below $OUT$PREFIX: make install DESTDIR=$OUT"
            raise Trouble(BUILD, "build of %s: nothing is in $OUT" % name, hint, work.log)
        self._refuse_odd(out)
        close_files(out, profile.setuid(table))
        if self._then:
            self._then(work)

    def _refuse_blank(self, src: str) -> None:
        """Commands have it in $SRC, mostly without quotes. A copy lies in the store, where no path
        has one. Raises Trouble."""
        if " " in src:
            told = "build of %s: $SRC is %r, and has a blank"
            hint = "leave `build.copy` out, or name a link to it that has none"
            raise Trouble(BUILD, told % (self._product.name, src), hint)

    def _refuse_odd(self, out: str) -> None:
        """What no install would lay. Raises Trouble."""
        handle = top(out)
        try:
            path = odd(handle)
        finally:
            os.close(handle)
        if path:
            told = "build of %s: $OUT/%s is no file, folder or link"
            hint = "a pipe, socket or device is made where it runs, not built"
            raise Trouble(BUILD, told % (self._product.name, ascii(path)[1:-1]), hint)

    def _prepared(self, out: str) -> Work:
        """All that the commands need is there."""
        table = self._product.table
        found = checkout.source(self._product, self._ctx)
        scratch = draft.beside(out, draft.WORK)
        for folder in (scratch, scratch + "/" + HOME):
            os.mkdir(folder, 0o755)
        src, cwd = self._source(found, scratch)
        how = profile.section(table, "build")
        walls = self._walls(how, (scratch, out), src)
        env = variables(
            table,
            profile.BUILD,
            self._hash,
            src=src,
            out=out,
            scratch=scratch + "/" + HOME,
            jobs=self._ctx.jobs,
            epoch=found.epoch or source.newest(found.path),
            deps=dep.named(self._deps),
        )
        return Work(cwd, env, draft.beside(out, draft.LOG), walls, self._ctx.report)

    def _walls(self, how: Any, writable: Sequence[str], src: str) -> sandbox.Sandbox:
        """What it needs may name what that needs, and nothing else that lies in the store."""
        seen = [src, *closure(self._ctx.store, [one.root for one in self._deps])]
        walls = sandbox.choose(how["sandbox"], writable, how["network"], seen)
        if walls.kind == sandbox.NONE and how["sandbox"] == sandbox.AUTO:
            told = "build of %s: neither bwrap nor user namespaces work here: it has no walls"
            self._ctx.report(told % self._product.name)
        return walls

    def _source(self, found: Any, scratch: str) -> tuple[str, str]:
        """($SRC, where the commands begin)"""
        if not profile.section(self._product.table, "build")["copy"]:
            self._refuse_blank(found.path)
            os.mkdir(scratch + "/" + APART)
            return found.path, scratch + "/" + APART
        src = scratch + "/" + SOURCE
        source.copy(found, src, self._ctx.report)
        return src, src
