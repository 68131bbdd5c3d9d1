"""A package in a store, as the artifact that it is: who would build it, finds it there."""

from __future__ import annotations

import os

from enve_fire.core import profile
from enve_fire.core import url as urls
from enve_fire.core.trouble import INPUT, Trouble
from enve_fire.fetch.archive import fetch
from enve_fire.fetch.how import How
from enve_fire.pack import signature
from enve_fire.stage import packaged
from enve_fire.store.wanted import Wanted
from enve_fire.tree.copy import AUTO, Terms, copy
from enve_fire.tree.modes import paths
from enve_pm.core.fieldcheck import Bad

TYPE_CHECKING = False
if TYPE_CHECKING:
    from enve_fire.core.package import Package
    from enve_fire.store.entry import Entry
    from enve_fire.store.store import Store


def import_package(path: str, store: Store, keyring: str = "") -> Entry:
    """`keyring`: whose signature it has to bear (see `signature.verify`); "": it is trusted as it
    is. Raises Trouble, OSError."""
    if keyring:
        signature.verify(path, keyring)
    try:
        url = urls.parse("file://" + os.path.abspath(path))
    except Bad as bad:
        raise Trouble(INPUT, "%s: wanted %s" % (path, bad.args[0])) from None
    if url.kind != urls.ARCHIVE:
        raise Trouble(INPUT, "%s: wanted a package" % path)
    fetched = fetch(url, store, How())
    package = packaged.of(fetched, os.uname()[::4])
    if package is None:
        raise Trouble(INPUT, "%s is no package: makepkg did not make it" % path)
    wanted = Wanted(package.text, package.title, profile.BUILD)
    return store.make(wanted, lambda out: _fill(package, fetched.path, out))


def _fill(package: Package, source: str, out: str) -> None:
    setuid = paths(profile.setuid(package.table))
    copy(source, out, AUTO, Terms(False, packaged.without_own, setuid, closed=True))
