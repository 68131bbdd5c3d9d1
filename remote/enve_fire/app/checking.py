"""Check: build again, elsewhere, and compare."""

from __future__ import annotations

import os

from enve_fire.core import profile
from enve_fire.core.trouble import BUILD, INPUT, Trouble
from enve_fire.stage.build import Building
from enve_fire.store import draft
from enve_fire.tree.listing import drift, listing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from enve_fire.stage.chain import Chain
    from enve_fire.stage.context import Context
    from enve_fire.store.entry import Entry

SHOWN = 40  # lines


def check(chain: Chain, ctx: Context) -> str:
    """The artifact, which is the same when it is built once more. Raises Trouble (BUILD), after
    the files that differ were reported."""
    product = chain.product
    if not profile.builds(product.table):
        raise Trouble(INPUT, "%s is not built: there is nothing to compare" % product.name)
    entry = chain.built()
    with Apart(entry, product.name) as out:
        Building(product, ctx, chain.ready(profile.BUILD)).run(out)
        differences = drift(listing(entry.path), out)
    for one in sorted(differences)[:SHOWN]:
        ctx.report("  | " + one.said())
    if differences:
        text = "build of %s: %d files differ from %s when it is built again"
        hint = "times, paths, random numbers or the order of files went into them"
        raise Trouble(BUILD, text % (product.name, len(differences), entry.path), hint)
    return entry.path


class Apart:
    """A folder to build in that is no entry, nor becomes one: beside an entry, where that is ours,
    else among what is temporary."""

    def __init__(self, entry: Entry | None, name: str) -> None:
        self._shelf = entry.shelf if entry else ""
        self._name = entry.name if entry else name

    def __enter__(self) -> str:
        shelf = self._shelf
        if not os.access(shelf, os.W_OK):
            import tempfile

            shelf = tempfile.gettempdir()
        self._path = draft.begin(shelf, self._name)
        return self._path + "/" + draft.OUT

    def __exit__(self, *_: object) -> None:
        draft.remove(self._path)
