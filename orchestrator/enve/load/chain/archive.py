"""The archive with the files of a root (`settle.from`) that a plan brings along.

It is read on the machine of who marches, with his rights: a product's own file names none of that
machine's files.
"""

from __future__ import annotations

from pathlib import Path

from enve.load.profile.profiles import Profile
from enve.load.yaml.item import Item
from enve_fire.core import profile, url
from enve_fire.core.settle import settling, shape
from enve_fire.core.url import Url
from enve_pm.core.fieldcheck import Bad

FROM = ".settle.from"
HINT = "say it in the plan: config: {settle: {from: tar:URL}}"


def archive_of(loaded: Profile, plan: str, folder: Path, what: str) -> Url | None:
    """None: its root has no files of its own. `plan`: the file that may name anything, paths in it
    start at `folder`. Raises InputError."""
    table = loaded.table
    if not profile.settles(table) or not settling.is_archive(table["settle"]):
        return None
    item = loaded.places[FROM]
    kind, text = shape.origin(table["settle"])
    if kind != shape.TAR:
        hint = "make one, and name it: from: tar:URL"
        raise item.bad(f"{what}: no plan makes a root by {kind}", hint=hint)
    own = item.file == plan
    where = _parsed(item, text, folder if own else Path(item.file).parent, what)
    if not own:
        _bounded(item, where, what)
    return where


def _parsed(item: Item, text: str, folder: Path, what: str) -> Url:
    told = f"settle.from of {what}"
    try:
        where = url.parse(text, str(folder.resolve()))
    except Bad as bad:
        raise item.bad(f"{told}: wanted {bad.args[0]}, found {bad.args[1]}") from None
    if where.kind != url.ARCHIVE:
        raise item.bad(f"{told}: {text}: wanted an archive")
    return where


def _bounded(item: Item, where: Url, what: str) -> None:
    """What the product says itself: its own file, or one of the web that everybody can tell."""
    if where.base.startswith("/"):
        top = Path(item.file).parent.resolve()
        if not Path(where.base).resolve().is_relative_to(top):
            told = f"settle.from of {what}: {where.base} does not lie in the product that names it"
            raise item.bad(told, hint=HINT)
    elif not where.sha256:
        told = f"settle.from of {what}: a product names an archive with #sha256="
        raise item.bad(told, hint=HINT)
