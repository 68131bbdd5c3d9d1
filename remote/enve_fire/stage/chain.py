"""A product and the stages that it takes, by demand, from the end.

What is asked for is looked at first: as long as the mark of an install is valid, no build is even
considered, and as long as an artifact is in the store nothing is fetched. Products that it needs
are chains of their own, installed in the store.
"""

from __future__ import annotations

import os

from enve_fire.core import profile, sums
from enve_fire.core.product import Product
from enve_fire.core.trouble import MISS, Trouble
from enve_fire.stage import build as building
from enve_fire.stage import checkout, marks, packaged
from enve_fire.stage.build import FOLDER_SOURCE, build
from enve_fire.stage.dep import Dep
from enve_fire.stage.install import STORED, fill, install
from enve_fire.stage.laid import Artifact
from enve_fire.stage.place import Place
from enve_fire.store.wanted import Wanted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from enve_fire.stage.build import Then
    from enve_fire.stage.context import Context
    from enve_fire.store.entry import Entry

CATALOG = "install"


class Chain:
    """`place`: where it is installed; None: in the store. Nothing is done before it is asked for.
    Everything raises Trouble, OSError."""

    def __init__(
        self, product: Product, ctx: Context, place: Place | None = None, own: bool = False
    ) -> None:
        self.product = product
        self._ctx = ctx
        self._place = place
        self._own = own  # its place is not shared with whoever installs the same
        self._fetched: Any = None
        self._artifact: Entry | None = None
        self._hash: dict[str, str] = {}
        self._deps: dict[str, list[tuple[Chain, str]]] = {}

    # -- what it is known by -----------------------------------------------------------------------
    @property
    def fetched(self) -> Any:
        """`fetch.how.Fetched`."""
        if self._fetched is None:
            self._fetched = checkout.source(self.product, self._ctx)
            if not self.product.source:
                self.product = self.product._replace(source=self._fetched.source)
        return self._fetched

    @property
    def private(self) -> bool:
        """Whether not everybody could have fetched all that it is built of."""
        deps = self.deps(profile.BUILD)
        return bool(self.fetched.private) or any(chain.private for chain, _ in deps)

    def hash(self, stage: str) -> str:
        """Of its build, or of its install."""
        if stage not in self._hash:
            found = self._built_hash() if stage == profile.BUILD else self._installed_hash()
            self._hash[stage] = found
        return self._hash[stage]

    def _built_hash(self) -> str:
        if not self.product.source:
            _ = self.fetched
        source, deps = self.product.source, self._hashes(profile.BUILD)
        return sums.artifact(self.product.table, source, deps, self._ctx.platform)

    def _installed_hash(self) -> str:
        name = self._place.name if self._place else STORED
        built, deps = self.hash(profile.BUILD), self._hashes(profile.INSTALL)
        return sums.install(self.product.table, built, name, deps, self._ctx.platform)

    def _hashes(self, kind: str) -> list[str]:
        return [chain.hash(stage) for chain, stage in self.deps(kind)]

    def deps(self, kind: str) -> list[tuple[Chain, str]]:
        """(what it needs, the stage that it needs it in); to install it also needs what it needs to
        run."""
        kinds = (profile.INSTALL, profile.RUN) if kind == profile.INSTALL else (kind,)
        return [one for each in kinds for one in self._needed(each)]

    def _needed(self, kind: str) -> list[tuple[Chain, str]]:
        if kind not in self._deps:
            rows = self.product.table.get("deps", {}).get(kind, ())
            self._deps[kind] = [
                (self._dep(row), row.get("stage") or profile.INSTALL) for row in rows
            ]
        return self._deps[kind]

    def _dep(self, row: Any) -> Chain:
        return Chain(Product(row["url"], row.get("source", ""), row["table"]), self._ctx)

    # -- what it takes -----------------------------------------------------------------------------
    def ready(self, kind: str) -> list[Dep]:
        """What it needs, there."""
        return [chain.as_dep(stage) for chain, stage in self.deps(kind)]

    def as_dep(self, stage: str) -> Dep:
        """This product, as one that another needs."""
        table = self.product.table
        built = stage == profile.BUILD and profile.builds(table) and not self._is_package()
        entry = self.built() if built else self._in_store()
        name = "%s/%s" % (entry.catalog, entry.name)
        where, root = entry.path + table["prefix"], entry.path
        return Dep(table["title"], where, self.hash(stage), name, root)

    def _is_package(self) -> bool:
        """Whether what is fetched is an artifact already. Where one is in the store, nothing is
        fetched for that."""
        if not packaged.may_be(self.product.url) or self._is_built():
            return False
        return packaged.of(self.fetched, self._ctx.platform) is not None

    def _is_built(self) -> bool:
        return profile.builds(self.product.table) and self.artifact() is not None

    def built(self, then: Then | None = None) -> Entry:
        """The artifact of what is built. `then`: if it is built now, see `stage.build`."""
        found = self.artifact() or self._taken()
        if found is None:
            deps, private = self.ready(profile.BUILD), self.private
            found = build(self.product, self._ctx.store, self._ctx, deps, private, then)
        self._artifact = found
        return found

    def _taken(self) -> Entry | None:
        """From a store of others, before what its build needs is made for nothing."""
        store = self._ctx.store
        if not store.webs or self.private or not self.deps(profile.BUILD):
            return None  # without deps the build asks them itself
        try:
            found: Entry = store.make(self._as_artifact(private=False), None, self._ctx.report)
        except Trouble as trouble:
            if trouble.code != MISS:
                raise
            return None
        return found

    def artifact(self) -> Entry | None:
        """What is there of it already."""
        if self._artifact is None:
            self.hash(profile.BUILD)  # its source is known from here on
            self._artifact = self._find(self._as_artifact)
        return self._artifact

    def _as_artifact(self, private: bool) -> Wanted:
        return building.wanted(self.product, self._hashes(profile.BUILD), self._ctx, private)

    def _find(self, wanted: Callable[[bool], Wanted]) -> Entry | None:
        """What all may read, else what is ours alone: only what is private makes such."""
        found: Entry | None = self._ctx.store.find(wanted(False))
        if found is None and self.private:
            found = self._ctx.store.find(wanted(True))
        return found

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
            return Place(self._in_store().path, STORED)
        mark = self._place.installed(self.product.table)
        if marks.read_hash(mark) != self.hash(profile.INSTALL):
            deps = self.ready(profile.INSTALL)
            install(self.product, self.material(), self._place, self._ctx, deps)
        return self._place

    def _in_store(self) -> Entry:
        found = self._find(self._wanted)
        if found is None:
            deps, material = self.ready(profile.INSTALL), self.material()
            wanted = self._wanted(self.private, deps)

            def method(out: str) -> None:
                fill(self.product, material, out, self._ctx, deps)

            found = self._ctx.store.make(wanted, method, self._ctx.report)
        return found

    def _wanted(self, private: bool, deps: Sequence[Dep] = ()) -> Wanted:
        owner = " of %d" % os.geteuid() if self._own else ""
        text = "%s %s%s" % (CATALOG, self.hash(profile.INSTALL), owner)
        title, names = self.product.table["title"], [dep.entry.partition("/")[2] for dep in deps]
        return Wanted(
            text, title, CATALOG, private, check=self._holds, mutable=self._own, deps=names
        )

    def _holds(self, path: str) -> bool:
        """Whether an entry still counts: who verifies may have taken its mark away."""
        mark = Place(path, STORED).installed(self.product.table)
        return marks.read_hash(mark) == self.hash(profile.INSTALL)

    # -- folders that somebody works in ------------------------------------------------------------
    def folders(self) -> list[tuple[str, str]]:
        """(folder, tree hash) of each that it or what it needs is made of, once."""
        own = [(str(self.fetched.path), str(self.fetched.source))]
        mine = own if own[0][1].startswith(FOLDER_SOURCE) else []
        below = [chain.folders() for kind in profile.KINDS for chain, _ in self._needed(kind)]
        return list(dict.fromkeys(mine + [one for several in below for one in several]))
