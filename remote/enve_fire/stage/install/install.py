"""Install: an artifact laid into a place, with the names of what it runs with.

A place of its own is replaced as a whole (`whole`), a root that others share file by file
(`merge`). Either way a mark says that all was done, and is written last: whoever is killed leaves
none, so it is done again. What has the same hash is not done again.
"""

from __future__ import annotations

import os
import time
from contextlib import contextmanager

from enve_fire.core import mark, profile, sums
from enve_fire.core.digest import hash_of as hash_of_value
from enve_fire.core.trouble import INSTALL, Trouble
from enve_fire.stage import marks
from enve_fire.stage.install.laid import Artifact, Laying
from enve_fire.stage.install.place import Place, holds

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterator, Sequence

    from enve_fire.core.product import Product
    from enve_fire.stage.context import Context
    from enve_fire.stage.dep import Dep

ROOT = "install-"  # how names of roots begin that an install puts
STORED = "store"  # the name of a place that is an entry of the store


def hash_of(
    product: Product, artifact: Artifact, place: str, ctx: Context, deps: Sequence[Dep] = ()
) -> str:
    """Of the mark; `place`: its name."""
    hashes = [dep.hash for dep in deps]
    return sums.install(product.table, artifact.hash, place, hashes, ctx.platform)


def install(
    product: Product, artifact: Artifact, place: Place, ctx: Context, deps: Sequence[Dep] = ()
) -> str:
    """The hash of its mark. `deps`: what it needs to be installed and to run, there already. Of
    several who install the same there, one does. Raises Trouble, OSError."""
    hash_ = hash_of(product, artifact, place.name, ctx, deps)
    if not profile.installs(product.table):
        return hash_  # it runs where it was checked out
    if not holds(place, product.table, hash_):
        _Install(product, artifact, ctx, deps, hash_).into(place)
    return hash_


def fill(
    product: Product, artifact: Artifact, out: str, ctx: Context, deps: Sequence[Dep] = ()
) -> str:
    """Install into the empty folder of an entry that the store makes: `Place(entry.path, STORED)`.
    There read-only files may be shared with the artifact. Else as `install`."""
    hash_ = hash_of(product, artifact, STORED, ctx, deps)
    _Install(product, artifact, ctx, deps, hash_).filled(Place(out, STORED), stored=True)
    return hash_


class _Install:
    def __init__(
        self,
        product: Product,
        artifact: Artifact,
        ctx: Context,
        deps: Sequence[Dep],
        hash_: str,
    ) -> None:
        self._product = product
        self._artifact = artifact
        self._ctx = ctx
        self._deps = deps
        self._hash = hash_

    def into(self, place: Place) -> None:
        self._ctx.report("install of %s into %s" % (self._product.name, place.root or "/"))
        with self._told(place):
            if place.shared:
                self._merge(place)
            else:
                self._whole(place)

    @contextmanager
    def _told(self, place: Place) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            told = "install of %s: %s: %s"
            told %= (self._product.name, error.filename or place.root, error.strerror)
            raise Trouble(INSTALL, told) from error

    def _is_done(self, place: Place) -> bool:
        return holds(place, self._product.table, self._hash)

    def _whole(self, place: Place) -> None:
        from enve_fire.stage.install.whole import Whole

        whole = Whole(place.root, self._ctx.report)
        with whole.fresh() as path:
            self.filled(Place(path, place.name), stored=False)
            whole.put(path, lambda: self._is_done(place), self._deps_kept(place))
        whole.forget()

    def filled(self, place: Place, stored: bool) -> None:
        """Into an empty folder, with its mark."""
        laying = Laying(self._product, self._artifact, self._ctx.report)
        how = laying.fill(place.root, stored)
        os.mkdir(place.mark(mark.FOLDER), 0o755)
        os.chmod(place.mark(mark.FOLDER), 0o755)  # noqa: S103  (whatever the umask)
        marks.replace(place.deps(self._product.table), self._deps_text())
        marks.write(place.installed(self._product.table), self._hash, self._body(laying, how))

    def _merge(self, place: Place) -> None:
        from enve_fire.stage.install.merge import Merge

        laying = Laying(self._product, self._artifact, self._ctx.report)
        merge = Merge(self._product, place, self._ctx.report)
        with merge.alone() as path:
            if self._is_done(place):
                return  # by somebody while we waited
            how = laying.fill(path, stored=False)
            with self._deps_kept(place):
                merge.run(path, self._hash, self._body(laying, how), self._deps_text())

    def _body(self, laying: Laying, how: str) -> dict[str, Any]:
        table = self._product.table
        return {
            "artifact": self._artifact.hash,
            "deps": [dep.entry for dep in self._deps],
            "files": laying.rows,
            "how": how,
            "made": int(time.time()),
            "prefix": table["prefix"],
            "title": table["title"],
            "version": table.get("version", ""),
        }

    # -- what it runs with ------------------------------------------------------------------------
    def _deps_text(self) -> bytes:
        entries = dict.fromkeys(dep.entry for dep in self._deps)
        return "".join(entry + "\n" for entry in entries).encode()

    @contextmanager
    def _deps_kept(self, place: Place) -> Iterator[None]:
        """They are not collected as long as the text that names them is there; those of what was
        there before are until it is replaced. For one at a time in this place."""
        from enve_fire.store.entry import Entry
        from enve_fire.store.keeping import Keeping

        text = place.deps(self._product.table)
        keeping, names = Keeping(self._ctx.store), set()
        for dep in self._deps:
            catalog, _, name = dep.entry.partition("/")
            entry = Entry(dep.where.partition("/" + name)[0], name, catalog)
            root = ROOT + hash_of_value("root", [text, dep.entry])
            keeping.put(root, entry, text)
            names.add(root)
        yield
        keeping.drop_all(text, ROOT, names)
