"""Setup: the config files of a product laid in its root, and its commands run.

One at a time of each name (title and cfgpath) in a root. All files are made ready first and then
get their names; what fails puts everything back. setA, setB is setB: what A laid and B does not
want goes, or what the install had there comes back.

Where the product runs in a root of its own its files lie in two places, each with mark and state:
below the prefix with the software, which outlives the root, and all else in the root itself.

A mark says that all was done. It goes before the first change and comes after the last one, so
being cut off leaves none; what had been laid by then is known by a state (`core.laying`) that is
written before the first change, too.
"""

from __future__ import annotations

import os

from enve_fire.core import laying, profile, sums
from enve_fire.core.trouble import Trouble
from enve_fire.stage import marks
from enve_fire.stage.config import naming
from enve_fire.stage.config.doing import Doing, Given
from enve_fire.stage.config.kept import STATE, Setups
from enve_fire.stage.config.seal import Seal
from enve_fire.stage.config.standing import Standing
from enve_fire.stage.config.turn import Share, Turn
from enve_fire.stage.install.place import Place
from enve_fire.stage.verify.extra import listed
from enve_fire.tree.difference import CHANGED, KIND, MISSING, MODE, UNREADABLE, Difference

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from enve_fire.core.product import Product
    from enve_fire.stage.context import Context
    from enve_fire.stage.inside import Inside
    from enve_fire.tree.listing import Listed

NOTHING = Given()


def setup(
    product: Product, place: Place, ctx: Context, blobs: str = "", given: Given = NOTHING
) -> str:
    """The hash of its mark; "" where there is nothing to set up and never was. `blobs`: the folder
    of files that the profile names by their sha256. Raises Trouble, OSError."""
    shares = _shares(product, place, given.inside)
    known = any(_known(product, share.place) for share in shares)
    if not profile.sets_up(product.table) and not known:
        return ""
    with Setups(place.root or "/") as own:
        installed = marks.read_hash(place.installed(product.table))
        first = Turn(product, shares[0], installed, ctx, own)
        doing = Doing(product, shares[-1].place, ctx, given)
        if given.inside is None:
            if first.is_due():
                first.run(first.is_due, blobs, lambda kept: doing.run(kept, first.hash))
            return first.hash
        with Setups(given.inside.root) as others:
            second = Turn(product, shares[1], installed, ctx, others)
            _both(first, second, blobs, doing)
        return first.hash


def _both(first: Turn, second: Turn, blobs: str, doing: Doing) -> None:
    """One within the other: what fails in there puts back what lies out here, too. Each is done
    where one is due: the commands are of both."""

    def due() -> bool:
        return first.is_due() or second.is_due()

    def then(_kept: object) -> None:
        second.run(lambda: True, blobs, lambda kept: doing.run(kept, second.hash))

    if due():
        first.run(due, blobs, then)


def _shares(product: Product, place: Place, inside: Inside | None) -> list[Share]:
    """In a root of its own the software's folder is shown at its prefix: what lies below that is
    kept with the software, all else with the root."""
    files = naming.files(product)
    if inside is None:
        return [Share(place, files, place.root)]
    inside.check()
    prefix = product.table["prefix"]
    below = [file for file in files if laying.below(file.path, prefix)]
    others = [file for file in files if not laying.below(file.path, prefix)]
    root = Place(inside.root, "root")
    return [Share(place, below, inside.root), Share(root, others, inside.root)]


def is_valid(product: Product, place: Place, inside: Inside | None = None) -> bool:
    """Whether it is set up just so. Nothing is made, and whoever may read the mark (and the root's
    key, where there are secrets) can tell. Raises Trouble, OSError."""
    installed = marks.read_hash(place.installed(product.table))
    places = [place, Place(inside.root, "root")] if inside else [place]
    return all(_is_valid(product, one, installed) for one in places)


def _is_valid(product: Product, place: Place, installed: str) -> bool:
    found = marks.read_hash(mark_of(product, place))
    if not found:
        return not profile.sets_up(product.table) and not _known(product, place)
    return found == sums.setup(product.table, installed, Seal(lambda: naming.key(place)))


def relied_on(product: Product, place: Place, inside: Inside | None) -> list[tuple[str, str]]:
    """(path of a mark, what it says) of each. Raises Trouble."""
    places = [place, Place(inside.root, "root")] if inside else [place]
    paths = [mark_of(product, one) for one in places]
    return [(path, marks.read_hash(path)) for path in paths]


def mark_of(product: Product, place: Place) -> str:
    """The path of its mark. Raises Trouble."""
    return naming.mark(place, naming.name(product))


def differences(place: Place, rows: Sequence[Listed]) -> list[Difference]:
    """What is not as it was laid; `rows`: of the mark. Raises OSError where there is no root."""
    with Standing(place.root or "/") as root:
        seal = Seal(lambda: naming.key(place))
        found = [_difference(root, seal, *row) for row in rows]
    return [one for one in found if one is not None]


def _difference(root: Standing, seal: Seal, path: str, sum_: str, mode: int) -> Difference | None:
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
