"""A root that several products share: one's files are laid among the others', each by a rename, and
those that it does not have any more go. Folders are everybody's; a file is one product's.

What is laid is written down before the first change (`manifest`), so whoever is killed at any step
leaves no mark, and the next one finds all that is his.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from contextlib import contextmanager

from enve_fire.core import mark
from enve_fire.core.trouble import INSTALL, Trouble
from enve_fire.stage import marks
from enve_fire.stage.manifest import Manifests
from enve_fire.tree.listing import IS_FOLDER
from enve_fire.tree.names import real
from enve_pm.shell.state.folder import Folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterator, Mapping, Sequence

    from enve_fire.core.product import Product
    from enve_fire.stage.place import Place
    from enve_fire.tree.listing import Listed

TMP = ".tmp"


class Merge:
    """Of one product into a place. Everything raises Trouble, OSError."""

    def __init__(self, product: Product, place: Place) -> None:
        self._product = product
        self._place = place
        self._mark = place.installed(product.table)

    @contextmanager
    def alone(self) -> Iterator[str]:
        """Nobody else merges into this root meanwhile; the path of an empty folder in it."""
        folder = self._place.mark(mark.INSTALLS)
        os.makedirs(folder, 0o755, exist_ok=True)
        with Folder.open(folder) as installs:
            fcntl.flock(installs.fd, fcntl.LOCK_EX)
            installs.remove(TMP)
            os.mkdir(TMP, 0o700, dir_fd=installs.fd)
            try:
                yield "%s/%s" % (folder, TMP)
            finally:
                installs.remove(TMP)

    def run(self, filled: str, hash_: str, body: Mapping[str, Any], deps: bytes) -> None:
        """Lay what was filled; `body`: of the mark, with its files. Raises Trouble where another
        product has one of them, or something that no install has made is in the way."""
        rows = body["files"]
        known = Manifests(self._place, self._product.table)
        with Folder.open(self._place.root or "/") as root, Folder.open(filled) as source:
            for row in rows:
                self._check(root, known, row)
            known.begin(rows, hash_)
            marks.drop(self._mark)
            marks.replace(self._place.deps(self._product.table), deps)
            _clear(root, known, {row[0]: row[1] for row in rows})
            _lay(source, root, known, rows)
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
        found = _type(root, known, path)
        if found and not (content == IS_FOLDER and stat.S_ISDIR(found)):
            told = "%s/%s is there already, and no install has made it"
            hint = "remove it, or name another root"
            raise Trouble(INSTALL, told % (self._place.root, path), hint)


def _clear(root: Folder, known: Manifests, new: Mapping[str, str]) -> None:
    """What it had and has no more goes, but for what others have, and folders that hold more."""
    for path in sorted(known.own, reverse=True):
        was_folder = known.own[path][0] == IS_FOLDER
        stays = path in new and (new[path] == IS_FOLDER) == was_folder
        if stays or known.others_have(path):
            continue
        try:
            with _around(root, path) as inner:
                remove = os.rmdir if was_folder else os.unlink
                remove(_name(path), dir_fd=inner.fd)
        except OSError as error:
            # Something else is there now, or others' things are in it: that is not ours.
            if error.errno not in (errno.ENOENT, errno.ENOTDIR, errno.ENOTEMPTY, errno.EISDIR):
                raise


def _lay(source: Folder, root: Folder, known: Manifests, rows: Sequence[Listed]) -> None:
    """In the order of the paths, so folders before what they hold. A folder that is not there yet
    comes with all that is in it."""
    moved = set()
    for path, content, mode in rows:
        above, _, _ = path.rpartition("/")
        if above in moved:
            moved.add(path)
            continue
        with _around(source, path) as mine, _around(root, path) as theirs:
            name = _name(path)
            if content == IS_FOLDER and theirs.has(name):
                with theirs.below(name) as folder:
                    _widen(folder, known, path, mode)
                continue
            _move(mine, theirs, known, path)
            if content == IS_FOLDER:
                moved.add(path)


def _move(mine: Folder, theirs: Folder, known: Manifests, path: str) -> None:
    name = _name(path)
    try:
        if path in known.own:
            _make_way(mine, theirs, name)
        os.rename(name, name, src_dir_fd=mine.fd, dst_dir_fd=theirs.fd)
    except OSError as error:
        if error.errno not in (errno.EXDEV, errno.EISDIR, errno.ENOTDIR, errno.ENOTEMPTY):
            raise
        told = "/%s: another file system, or a folder that is not empty, is in the way" % path
        raise Trouble(INSTALL, told, "take another prefix, or a root on one file system") from None


def _make_way(mine: Folder, theirs: Folder, name: str) -> None:
    """A file does not take the place of a folder, nor the reverse."""
    folder = theirs.has(name)
    if folder == mine.has(name):
        return
    try:
        (os.rmdir if folder else os.unlink)(name, dir_fd=theirs.fd)
    except FileNotFoundError:
        pass


def _widen(folder: Folder, known: Manifests, path: str, mode: int) -> None:
    """A folder that installs have made suits all who have it."""
    wanted = known.mode(path, mode)
    if (path in known.own or known.others_have(path)) and wanted != stat.S_IMODE(
        os.fstat(folder.fd).st_mode
    ):
        os.fchmod(folder.fd, wanted)


def _type(root: Folder, known: Manifests, path: str) -> int:
    """The mode of what is there; 0 for nothing. Raises Trouble where the way leads through what is
    no folder, and was not the product's own, which makes way."""
    try:
        with _around(root, path) as inner:
            return inner.stat(_name(path)).st_mode
    except FileNotFoundError:
        return 0
    except OSError as error:
        if error.errno not in (errno.ENOTDIR, errno.ELOOP):
            raise
        if any(one in known.own for one in _above(path)):
            return 0
        told = "/%s: the way there leads through a link or a file" % path
        raise Trouble(INSTALL, told, "take another prefix, or a root without it") from None


def _above(path: str) -> list[str]:
    steps = path.split("/")
    return ["/".join(steps[:n]) for n in range(1, len(steps))]


def _around(root: Folder, path: str) -> Folder:
    steps = [os.fsdecode(step) for step in real(path).split(b"/")]
    return root.reach(steps[:-1], make=False)


def _name(path: str) -> str:
    return os.fsdecode(real(path).rpartition(b"/")[2])
