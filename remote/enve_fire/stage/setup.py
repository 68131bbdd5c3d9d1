"""Setup: the config files of a product laid in its root, and its commands run.

One at a time of each name (title and cfgpath) in a root. All files are made ready first and then
get their names; what fails puts everything back. setA, setB is setB: what A laid and B does not
want goes, or what the install had there comes back.

A mark says that all was done. It goes before the first change and comes after the last one, so
being cut off leaves none; what had been laid by then is known by a state (`core.laying`) that is
written before the first change, too.
"""

from __future__ import annotations

import os

from enve_fire.core import profile, sums
from enve_fire.stage import marks
from enve_fire.stage.config import naming
from enve_fire.stage.config.kept import STATE, Setups
from enve_fire.stage.config.seal import Seal
from enve_fire.stage.config.standing import Root
from enve_fire.stage.config.turn import Turn

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from enve_fire.core.product import Product
    from enve_fire.stage.context import Context
    from enve_fire.stage.place import Place


def setup(
    product: Product,
    place: Place,
    ctx: Context,
    blobs: str = "",
    deps: Sequence[tuple[str, str]] = (),
) -> str:
    """The hash of its mark; "" where there is nothing to set up and never was. `blobs`: the folder
    of files that the profile names by their sha256; `deps`: see `environment.variables`. Raises
    Trouble, OSError."""
    if not profile.sets_up(product.table) and not _known(product, place):
        return ""
    with Setups(place.root or "/") as setups:
        turn = Turn(product, place, ctx, setups)
        if turn.is_due():
            turn.run(blobs, deps)
        return turn.hash


def is_valid(product: Product, place: Place) -> bool:
    """Whether it is set up just so. Nothing is made, and whoever may read the mark (and the root's
    key, where there are secrets) can tell. Raises Trouble, OSError."""
    found = marks.read_hash(mark_of(product, place))
    if not found:
        return not profile.sets_up(product.table) and not _known(product, place)
    installed = marks.read_hash(place.installed(product.table))
    return found == sums.setup(product.table, installed, Seal(lambda: naming.key(place)))


def mark_of(product: Product, place: Place) -> str:
    """The path of its mark. Raises Trouble."""
    return naming.mark(place, naming.name(product))


def differences(product: Product, place: Place) -> list[str]:
    """What is not as it was laid, a line for each path; [] also where there is no mark. Raises
    Trouble, OSError."""
    rows = marks.read_files(mark_of(product, place))
    with Root(place.root or "/") as root:
        seal = Seal(lambda: naming.key(place))
        return [line for row in rows for line in _differs(root, seal, *row)]


def _differs(root: Root, seal: Seal, path: str, sum_: str, mode: int) -> list[str]:
    found = root.sum(path)
    if not found:
        return [path + ": missing"]
    if sum_ not in seal.spellings(found, [sum_]):
        return [path + ": changed"]
    now = root.mode(path)
    return ["%s: mode %o, was %o" % (path, now, mode)] if now != mode else []


def _known(product: Product, place: Place) -> bool:
    return os.path.lexists(naming.folder(place, naming.name(product)) + "/" + STATE)
