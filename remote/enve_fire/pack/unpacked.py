"""A package in a store, as the artifact that it is: who would build it, finds it there.

It is read once, into a copy that nobody else can change: what is verified is what is unpacked.
"""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager

from enve_fire.core import profile
from enve_fire.core.trouble import INPUT, Trouble
from enve_fire.fetch.archive.kinds import is_package
from enve_fire.fetch.archive.unpacked import unpack
from enve_fire.fetch.archive.view import View
from enve_fire.fetch.how import MORE, UNPACKED, most
from enve_fire.pack import signed
from enve_fire.stage.install import packaged
from enve_fire.store import draft, shelf
from enve_fire.store.wanted import Wanted
from enve_fire.tree.copy import AUTO, Terms, copy
from enve_fire.tree.modes import paths
from enve_fire.tree.pieces import pieces

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterator

    from enve_fire.core.package import Package
    from enve_fire.store.entry import Entry
    from enve_fire.store.store import Store

COPY, CHECK = "package", "check"  # in the draft that it is looked at in


def import_package(path: str, store: Store, keyring: str = "") -> Entry:
    """`keyring`: a file with the keys of whom it has to be signed by; "": it is trusted as it is.
    Raises Trouble, OSError."""
    with _scratch(store) as folder:
        facts = {"from": os.path.abspath(path)}
        read = folder + "/" + COPY
        _read(path, read)
        if keyring:
            os.mkdir(folder + "/" + CHECK, 0o700)
            facts["signed"] = signed.verify(path, read, keyring, folder + "/" + CHECK)
        tree = folder + "/" + draft.OUT
        package = _unpacked(path, read, tree)

        def fill(out: str) -> None:
            _fill(package, tree, out)
            draft.note(out, **facts)

        return store.make(Wanted(package.text, package.title, profile.BUILD), fill)


@contextmanager
def _scratch(store: Store) -> Iterator[str]:
    """A folder in the store, that goes."""
    own = shelf.roomiest(store.mine(profile.BUILD, private=False))
    folder = draft.begin(own, COPY)
    try:
        yield folder
    finally:
        draft.remove(folder)


def _read(path: str, target: str) -> None:
    """Raises Trouble, OSError."""
    limit = most(os.environ)
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise Trouble(INPUT, "%s: %s" % (path, error.strerror)) from None
    with os.fdopen(handle, "rb"), open(target, "xb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise Trouble(INPUT, "%s: wanted a file" % path)
        for piece in pieces(handle):
            file.write(piece)
            if file.tell() > limit:
                raise Trouble(INPUT, "%s: more than %d bytes" % (path, limit), MORE)


def _unpacked(path: str, read: str, tree: str) -> Package:
    """What it says that it is. Raises Trouble, OSError."""
    if is_package(read, path):
        unpack(read, tree, View(), UNPACKED * most(os.environ), path, hidden=True)
        found = packaged.read(tree, path, os.uname()[::4])
        if found:
            return found
    raise Trouble(INPUT, "%s is no package: makepkg did not make it" % path)


def _fill(package: Package, source: str, out: str) -> None:
    setuid = paths(profile.setuid(package.table))
    copy(source, out, AUTO, Terms(False, packaged.without_own, setuid, closed=True))
