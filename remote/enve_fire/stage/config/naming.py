"""What a setup is called in its root, and where what it keeps lies there."""

from __future__ import annotations

from enve_fire.core import configfile, laying, profile
from enve_fire.core import mark as marking
from enve_fire.core.trouble import INPUT, Trouble
from enve_fire.stage.config import private
from enve_fire.stage.config.kept import KEPT
from enve_pm.core.fieldcheck import Bad
from enve_pm.shell.state.folder import Folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from enve_fire.core.configfile import ConfigFile
    from enve_fire.core.product import Product
    from enve_fire.stage.install.place import Place


def name(product: Product) -> str:
    """Raises Trouble."""
    cfgpath = profile.section(product.table, "setup")["cfgpath"]
    try:
        return laying.name(product.table["title"], cfgpath)
    except Bad as bad:
        raise _trouble(product, bad) from None


def files(product: Product) -> list[ConfigFile]:
    """Raises Trouble."""
    try:
        return configfile.wanted(product.table)
    except Bad as bad:
        raise _trouble(product, bad) from None


def _trouble(product: Product, bad: Bad) -> Trouble:
    return Trouble(INPUT, "setup of %s: wanted %s, found %.80r" % (product.name, *bad.args[:2]))


def key(place: Place) -> bytes:
    """The root's. Raises Trouble, OSError."""
    with Folder.open(place.mark(marking.SETUPS)) as setups:
        return private.key(setups)


def mark(place: Place, name: str) -> str:
    return place.mark("%s/%s" % (marking.SETUPS, name))


def folder(place: Place, name: str) -> str:
    return place.mark("%s/%s/%s" % (marking.SETUPS, KEPT, name))
