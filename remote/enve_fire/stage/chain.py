"""A product and the stages that it takes, by demand, from the end.

What is asked for is looked at first: as long as the mark of an install is valid, no build is even
considered, and as long as an artifact is in the store, or somebody serves it, nothing is fetched
and nothing that only its build needs is made. Products that it needs are chains of their own,
installed in the store.
"""

from __future__ import annotations

from enve_fire.core import profile
from enve_fire.core.source import worked_in
from enve_fire.stage import build as building
from enve_fire.stage.build import build
from enve_fire.stage.dep import Dep
from enve_fire.stage.had import Had
from enve_fire.stage.identity import Identity
from enve_fire.stage.install.install import STORED, install
from enve_fire.stage.install.laid import Artifact
from enve_fire.stage.install.place import Place, holds
from enve_fire.stage.install.stored import Stored
from enve_fire.stage.source import newest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from enve_fire.core.product import Product
    from enve_fire.stage.build import Then
    from enve_fire.stage.context import Context
    from enve_fire.store.entry import Entry
    from enve_fire.store.wanted import Wanted


class Chain:
    """`place`: where it is installed; None: in the store · `own`: there it is not shared with
    whoever installs the same. Nothing is done before it is asked for. Everything raises Trouble,
    OSError."""

    def __init__(
        self, product: Product, ctx: Context, place: Place | None = None, own: bool = False
    ) -> None:
        self._known = Identity(
            product, ctx, place.name if place else STORED, lambda one: Chain(one, ctx)
        )
        self._ctx = ctx
        self._place = place
        self._artifact: Entry | None = None
        self._had = Had(ctx, self._known)
        self._stored = Stored(self, ctx, self._had, own)
        self.hash = self._known.hash
        self.deps = self._known.deps

    @property
    def product(self) -> Product:
        """With its source, once that is known."""
        return self._known.origin.product

    @property
    def fetched(self) -> Any:
        """`fetch.how.Fetched`."""
        return self._known.origin.fetched

    def src(self, wanted: bool) -> str:
        """The source's folder; "" if it is not here, and is not `wanted` either."""
        return str(self.fetched.path) if wanted else self._known.origin.here()

    def epoch(self) -> int | None:
        """When its source was made, or the newest file of it, unix seconds; None if it is not
        here."""
        here = self.src(wanted=False)
        return (int(self.fetched.epoch) or newest(here)) if here else None

    @property
    def hidden(self) -> bool:
        """Whether it is known already that it is private."""
        return self._known.hidden

    @property
    def private(self) -> bool:
        """Whether not everybody could have fetched all that it is built of."""
        found = self._stored.known or (profile.builds(self.product.table) and self.artifact())
        return found.private if found else self._known.closed

    # -- what it takes -----------------------------------------------------------------------------
    def ready(self, kind: str) -> list[Dep]:
        """What it needs, there."""
        return [chain.as_dep(stage) for chain, stage in self.deps(kind)]

    def as_dep(self, stage: str) -> Dep:
        """This product, as one that another needs."""
        table = self.product.table
        built = stage == profile.BUILD and profile.builds(table) and not self._is_package()
        entry = self.built() if built else self._stored.entry()
        name = "%s/%s" % (entry.catalog, entry.name)
        where, root = entry.path + table["prefix"], entry.path
        return Dep(table["title"], where, self.hash(stage), name, root)

    def _is_package(self) -> bool:
        """Whether what is fetched is an artifact already. Where one is there, nothing is fetched
        for that."""
        return not self._is_built() and self._known.origin.is_package()

    def _is_built(self) -> bool:
        return profile.builds(self.product.table) and self.artifact() is not None

    def built(self, then: Then | None = None) -> Entry:
        """The artifact of what is built. `then`: if it is built now, see `stage.build`."""
        found = self.artifact()
        if found is None:
            deps, private = self.ready(profile.BUILD), self.private
            found = build(self.product, self._ctx.store, self._ctx, deps, private, then)
        self._artifact = found
        return found

    def artifact(self) -> Entry | None:
        """What is there of it already, or is served."""
        if self._artifact is None:
            self.hash(profile.BUILD)  # its source is known from here on
            self._artifact = self._had.find(self._as_artifact)
            self._artifact = self._artifact or self._had.served(self._as_artifact(False))
        return self._artifact

    def _as_artifact(self, private: bool) -> Wanted:
        return building.wanted(self.product, self._known.hashes(profile.BUILD), self._ctx, private)

    def material(self) -> Artifact:
        """What is installed: the artifact, or the source of what is not built."""
        hash_ = self.hash(profile.BUILD)
        if self._is_package():
            return Artifact(self.fetched.path, hash_, laid=True)
        if not profile.builds(self.product.table):
            return Artifact(self.fetched.path, hash_)
        entry = self.built()
        return Artifact(entry.path, hash_, entry.beside("sums"))

    def installed(self) -> Place:
        """Where it is, validly installed."""
        if self._place is None:
            return Place(self._stored.entry().path, STORED)
        if not holds(self._place, self.product.table, self.hash(profile.INSTALL)):
            deps = self.ready(profile.INSTALL)
            install(self.product, self.material(), self._place, self._ctx, deps)
        return self._place

    # -- folders that somebody works in ------------------------------------------------------------
    def folders(self) -> list[tuple[str, str]]:
        """(folder, tree hash) of each that it or what it needs is made of, once."""
        in_work = worked_in(self._known.origin.source)
        mine = [(str(self.fetched.path), str(self.fetched.source))] if in_work else []
        below = [chain.folders() for chain in self._known.each()]
        return list(dict.fromkeys(mine + [one for several in below for one in several]))
