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
from enve_fire.core.trouble import Trouble
from enve_fire.stage import marks
from enve_fire.stage.config import naming
from enve_fire.stage.config.kept import STATE, Setups
from enve_fire.stage.config.seal import Seal
from enve_fire.stage.config.standing import Root
from enve_fire.stage.config.turn import Turn
from enve_fire.stage.extra import listed
from enve_fire.tree.difference import CHANGED, KIND, MISSING, MODE, UNREADABLE, Difference

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from enve_fire.core.product import Product
    from enve_fire.stage.context import Context
    from enve_fire.stage.place import Place
    from enve_fire.tree.listing import Listed


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


def differences(place: Place, rows: Sequence[Listed]) -> list[Difference]:
    """What is not as it was laid; `rows`: of the mark. Raises OSError where there is no root."""
    with Root(place.root or "/") as root:
        seal = Seal(lambda: naming.key(place))
        found = [_difference(root, seal, *row) for row in rows]
    return [one for one in found if one is not None]


def _difference(root: Root, seal: Seal, path: str, sum_: str, mode: int) -> Difference | None:
    below = listed(path)
    try:
        found = root.sum(path)
        if not found:
            return Difference(below, MISSING)
        if sum_ not in seal.spellings(found, [sum_]):
            return Difference(below, CHANGED)
        now = root.mode(path)
    except Trouble:
        return Difference(below, KIND)
    except OSError as error:
        return Difference(below, UNREADABLE, str(error.strerror))
    return Difference(below, MODE, "%o, not %o" % (now, mode)) if now != mode else None


def _known(product: Product, place: Place) -> bool:
    return os.path.lexists(naming.folder(place, naming.name(product)) + "/" + STATE)
