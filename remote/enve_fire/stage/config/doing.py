"""The commands of a setup, run where its software runs."""

from __future__ import annotations

import os

from enve_fire.core import profile
from enve_fire.core.trouble import SETUP
from enve_fire.stage.commands import run_commands
from enve_fire.stage.config import naming
from enve_fire.stage.config.kept import LOG, SCRATCH
from enve_fire.stage.environment import variables
from enve_fire.stage.walls.sandbox import OPEN
from enve_pm.core.lean import namedtuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from enve_fire.core.product import Product
    from enve_fire.stage.config.kept import Kept
    from enve_fire.stage.context import Context
    from enve_fire.stage.inside import Inside
    from enve_fire.stage.install.place import Place


def nobody_knows() -> None:
    """An epoch of a source that is not at hand."""


class Given(namedtuple("Given", "deps src epoch inside", defaults=((), "", nobody_knows, None))):
    """What the commands are told: `deps`: see `environment.variables` · `src`: the source, "": it
    is not at hand · `epoch`: tells when that was made, None: not known · `inside`: the root that
    it is settled in, None: it runs in the machine's."""

    __slots__ = ()

    if TYPE_CHECKING:
        deps: Sequence[tuple[str, str]]
        src: str
        epoch: Callable[[], int | None]
        inside: Inside | None


class Doing:
    """`place`: where the last files lie: the root, where there is one."""

    def __init__(self, product: Product, place: Place, ctx: Context, given: Given) -> None:
        self._product = product
        self._ctx = ctx
        self._given = given
        self._root = place.root
        self._folder = naming.folder(place, naming.name(product))

    def run(self, kept: Kept, hash_: str) -> None:
        """Raises Trouble (SETUP)."""
        inside = self._given.inside
        if not profile.section(self._product.table, "setup")["run"]:
            return
        if inside is None:
            with kept.empty(SCRATCH):
                self._run(hash_, self._root, "%s/%s" % (self._folder, SCRATCH), OPEN)
        else:
            with inside.scratch() as scratch:
                self._run(hash_, "", inside.seen(scratch), inside)

    def _run(self, hash_: str, root: str, scratch: str, walls: Any) -> None:
        """`root`, `scratch`: as the commands see them."""
        table = self._product.table
        home, given = root + table["prefix"], self._given
        env = variables(
            table,
            "setup",
            hash_,
            src=given.src or None,
            root=root,
            scratch=scratch,
            jobs=self._ctx.jobs,
            epoch=given.epoch(),
            deps=given.deps,
            path=(home + "/bin",),
        )
        run_commands(
            profile.section(table, "setup")["run"],
            env,
            home if os.path.isdir(self._root + table["prefix"]) else root or "/",
            "%s/%s" % (self._folder, LOG),
            code=SETUP,
            what="setup of " + self._product.name,
            walls=walls,
            report=self._ctx.report,
        )
