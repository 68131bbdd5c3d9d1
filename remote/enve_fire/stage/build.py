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
import stat

from enve_fire.core import profile, sums
from enve_fire.core.source import worked_in
from enve_fire.core.trouble import BUILD, BUSY, Trouble
from enve_fire.stage import checkout, dep, sandbox
from enve_fire.stage.commands import run_commands
from enve_fire.stage.environment import variables
from enve_fire.store import draft
from enve_fire.store.wanted import Wanted
from enve_fire.tree import ignore
from enve_fire.tree.copy import AUTO, Terms, copy
from enve_fire.tree.digest import tree_hash
from enve_fire.tree.modes import close_files
from enve_fire.tree.pace import Amount
from enve_fire.tree.walk import top, walk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from enve_fire.core.product import Product
    from enve_fire.stage.context import Context
    from enve_fire.stage.dep import Dep
    from enve_fire.store.entry import Entry
    from enve_fire.store.store import Store

    Then = Callable[["Work"], None]

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
        close_files(out, profile.setuid(table))
        if self._then:
            self._then(work)

    def _prepared(self, out: str) -> Work:
        """All that the commands need is there."""
        table = self._product.table
        found = checkout.source(self._product, self._ctx)
        scratch = draft.beside(out, draft.WORK)
        for folder in (scratch, scratch + "/" + HOME):
            os.mkdir(folder, 0o755)
        src, cwd = self._source(found, scratch)
        how = profile.section(table, "build")
        seen = [src, *(one.where for one in self._deps)]
        walls = sandbox.choose(how["sandbox"], (scratch, out), how["network"], seen)
        env = variables(
            table,
            profile.BUILD,
            self._hash,
            src=src,
            out=out,
            scratch=scratch + "/" + HOME,
            jobs=self._ctx.jobs,
            epoch=found.epoch or newest(src),
            deps=dep.named(self._deps),
        )
        return Work(cwd, env, draft.beside(out, draft.LOG), walls, self._ctx.report)

    def _source(self, found: Any, scratch: str) -> tuple[str, str]:
        """($SRC, where the commands begin)"""
        if not profile.section(self._product.table, "build")["copy"]:
            os.mkdir(scratch + "/" + APART)
            return found.path, scratch + "/" + APART
        src = scratch + "/" + SOURCE
        mine = worked_in(found.source)
        tell = Amount(self._ctx.report, "copy of " + found.path)
        copy(found.path, src, AUTO, Terms(skip=ignore.of if mine else None, tell=tell))
        make_writable(src)
        if mine and tree_hash(src, tell=tell) != found.source:
            raise Trouble(BUSY, "%s changed while it was copied" % found.path, "try again")
        return src, src


class Work:
    """Where the commands of a build run, and with what."""

    def __init__(
        self,
        cwd: str,
        env: dict[str, str],
        log: str,
        walls: sandbox.Sandbox,
        report: Callable[[str], None],
    ) -> None:
        self.cwd = cwd
        self.env = env
        self.log = log
        self.walls = walls
        self.report = report

    def but(self, env: dict[str, str], log: str) -> Work:
        """The same folder, for others."""
        return Work(self.cwd, env, log, self.walls, self.report)

    def run(self, commands: Sequence[str], code: int, what: str) -> None:
        run_commands(
            commands,
            self.env,
            self.cwd,
            self.log,
            code=code,
            what=what,
            walls=self.walls,
            report=self.report,
        )


def make_writable(folder: str) -> None:
    """A source in a store has files that nobody writes; a build may."""
    handle = top(folder)
    try:
        for inner, _, name, state in walk(handle):
            if not stat.S_ISLNK(state.st_mode) and not state.st_mode & stat.S_IWUSR:
                os.chmod(name, stat.S_IMODE(state.st_mode) | stat.S_IWUSR, dir_fd=inner)
    finally:
        os.close(handle)


def newest(folder: str) -> int:
    """The time of the newest of its files, in seconds."""
    handle = top(folder)
    try:
        times = [state.st_mtime for _, _, _, state in walk(handle, ignore.of(handle))]
        return int(max(times, default=0))
    finally:
        os.close(handle)
