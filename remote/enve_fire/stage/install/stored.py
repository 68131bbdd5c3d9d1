"""A product installed in the store: an entry that all share who install the same, or its own."""

from __future__ import annotations

import os

from enve_fire.core import profile
from enve_fire.stage import marks
from enve_fire.stage.install.install import STORED, fill
from enve_fire.stage.install.place import Place
from enve_fire.store.wanted import Wanted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from enve_fire.stage.chain import Chain
    from enve_fire.stage.context import Context
    from enve_fire.stage.dep import Dep
    from enve_fire.stage.had import Had
    from enve_fire.store.entry import Entry

CATALOG = "install"


class Stored:
    """`own`: not shared. Nothing is done before it is asked for. Everything raises Trouble,
    OSError."""

    def __init__(self, chain: Chain, ctx: Context, had: Had, own: bool) -> None:
        self._chain = chain
        self._ctx = ctx
        self._had = had
        self._own = own
        self.known: Entry | None = None  # once it was asked for

    def entry(self) -> Entry:
        """Where it is, validly installed."""
        if self.known is None:
            self.known = self._had.find(self._wanted) or self._made()
        return self.known

    def _made(self) -> Entry:
        deps = self._chain.ready(profile.INSTALL)
        return self._taken(deps) or self._laid(deps)

    def _taken(self, deps: Sequence[Dep]) -> Entry | None:
        """Whose files are, does not travel."""
        owner = profile.section(self._chain.product.table, profile.INSTALL)["owner"]
        return None if owner else self._had.served(self._wanted(False, deps))

    def _laid(self, deps: Sequence[Dep]) -> Entry:
        material, wanted = self._chain.material(), self._wanted(self._chain.private, deps)

        def method(out: str) -> None:
            fill(self._chain.product, material, out, self._ctx, deps)

        found: Entry = self._ctx.store.make(wanted, method, self._ctx.report)
        return found

    def _wanted(self, private: bool, deps: Sequence[Dep] = ()) -> Wanted:
        owner = " of %d" % os.geteuid() if self._own else ""
        text = "%s %s%s" % (CATALOG, self._chain.hash(profile.INSTALL), owner)
        title, names = self._chain.product.table["title"], [dep.name for dep in deps]
        return Wanted(
            text, title, CATALOG, private, check=self._holds, mutable=self._own, deps=names
        )

    def _holds(self, path: str) -> bool:
        """Whether an entry still counts: who verifies may have taken its mark away."""
        mark = Place(path, STORED).installed(self._chain.product.table)
        return marks.read_hash(mark) == self._chain.hash(profile.INSTALL)
