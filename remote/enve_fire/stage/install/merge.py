"""A root that several products share: one's files are laid among the others', each by a rename, and
those that it does not have any more go. Folders are everybody's; a file is one product's.

What is laid is written down before the first change (`manifest`), so whoever is killed at any step
leaves no mark, and the next one finds all that is his.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import contextmanager

from enve_fire.core import mark, profile
from enve_fire.core.trouble import INSTALL, Trouble
from enve_fire.stage import marks
from enve_fire.stage.install.among import around, clear, lay, name_of
from enve_fire.stage.install.manifest import TAKEN, Manifests
from enve_fire.stage.install.place import marks_of
from enve_fire.store.lock import Lock
from enve_fire.tree import ground
from enve_fire.tree.listing import IS_FOLDER
from enve_fire.tree.pace import quiet
from enve_pm.shell.state.folder import Folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterator, Mapping

    from enve_fire.core.product import Product
    from enve_fire.stage.install.place import Place
    from enve_fire.tree.listing import Listed
    from enve_fire.tree.pace import Report

TMP, TREE = ".tmp", "tree"
LOCK = ".lock"


class Merge:
    """Of one product into a place. Everything raises Trouble, OSError."""

    def __init__(self, product: Product, place: Place, report: Report = quiet) -> None:
        self._product = product
        self._place = place
        self._report = report
        self._mark = place.installed(product.table)
        name = profile.product(product.table)
        if name.endswith(TAKEN):
            told = "%s: in a shared root a file with that name is another product's" % name
            raise Trouble(INSTALL, told, "take another version, or a place of its own")

    @contextmanager
    def alone(self) -> Iterator[str]:
        """Nobody else merges into this root meanwhile; the path of an empty folder in it, in one
        that is for us only: what is filled may be others', and stays out of their reach."""
        folder = self._place.mark(mark.INSTALLS)
        does = "installs into %s" % (self._place.root or "/")
        with marks_of(self._place) as installs, Lock(folder, LOCK, self._report, does=does):
            installs.remove(TMP)
            try:
                with installs.made(TMP, 0o700) as tmp:
                    os.mkdir(TREE, 0o700, dir_fd=tmp.fd)
                yield "/".join((folder, TMP, TREE))
            finally:
                installs.remove(TMP)

    def run(self, filled: str, hash_: str, body: Mapping[str, Any], deps: bytes) -> None:
        """Lay what was filled; `body`: of the mark, with its files. Raises Trouble where another
        product has one of them, or something that no install has made is in the way."""
        rows = body["files"]
        known = Manifests(self._place, self._product.table)
        top = self._place.root or "/"
        with ground.opened(top, INSTALL) as root, Folder.open(filled) as source:
            for row in rows:
                self._check(root, known, row)
            known.begin(rows, hash_)
            marks.drop(self._mark)
            known.drop_before()
            for path in {known.set_up[row[0]] for row in rows if row[0] in known.set_up}:
                marks.drop(path)  # its file makes way for the default, until it is done again
            marks.replace(self._place.deps(self._product.table), deps)
            clear(root, known, {row[0]: row[1] for row in rows})
            lay(source, root, known, rows)
        marks.write(self._mark, hash_, body)
        marks.drop(known.journal)

    def _check(self, root: Folder, known: Manifests, row: Listed) -> None:
        path, content, mode = row
        for name, rows in known.others.items():
            theirs = rows.get(path)
            if theirs is None or (theirs[0] == content == IS_FOLDER):
                continue
            if theirs != (content, mode):
                told = "%s and %s both have /%s" % (self._product.name, name, path)
                raise Trouble(INSTALL, told, "install them below roots of their own")
            return
        if path in known.own or path in known.set_up:
            return
        found = _there(root, known, path)
        if found is None:
            return
        if content == IS_FOLDER and stat.S_ISDIR(found.st_mode):
            self._may_lie_in(root, path, found)
        else:
            told = "%s/%s is there already, and no install has made it"
            hint = "remove it, or name another root"
            raise Trouble(INSTALL, told % (self._place.root, path), hint)

    def _may_lie_in(self, root: Folder, path: str, found: os.stat_result) -> None:
        """Who else could put another folder in the place of one that is laid in there? Its own
        user may. Raises Trouble."""
        owner = profile.section(self._product.table, profile.INSTALL)["owner"]
        if owner and found.st_uid == int(owner.partition(":")[0]):
            return
        with around(root, path) as inner, inner.below(name_of(path)) as folder:
            ground.check(folder.fd, "%s/%s" % (self._place.root, path), INSTALL)


def _there(root: Folder, known: Manifests, path: str) -> os.stat_result | None:
    """What is there; None for nothing. Raises Trouble where the way leads through what is
    no folder, and was not the product's own, which makes way."""
    try:
        with around(root, path) as inner:
            return inner.stat(name_of(path))
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno not in (errno.ENOTDIR, errno.ELOOP):
            raise
        if any(one in known.own for one in _above(path)):
            return None
        told = "/%s: the way there leads through a link or a file" % path
        raise Trouble(INSTALL, told, "take another prefix, or a root without it") from None


def _above(path: str) -> list[str]:
    steps = path.split("/")
    return ["/".join(steps[:n]) for n in range(1, len(steps))]
