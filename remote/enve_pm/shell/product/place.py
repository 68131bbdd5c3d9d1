"""Placing: a branch of pm brings a spot's directory into the state of its line.

stdin: lines of units of this pm, one a row, or `gone NAME` for one that is no more (see
`clear`); stdout: for each a row `UNIT ok` or `UNIT REASON`.
Config files are replaced one by one by a rename; a product is unpacked beside the old one and then
takes its place; what an earlier line had placed and this one does not name is removed. The record
of it is ahead of all that is laid down, so what a placing that was cut off has left is known.

Below a root pm everything in the spot is done with the rights of the spot's user, so a link that he
lays there leads only where he could go himself; only the store is read as root.
"""

from __future__ import annotations

import os
import stat

from enve_pm.core.canonical import loads
from enve_pm.core.digest import sha256
from enve_pm.core.filename import quote, unquote
from enve_pm.core.refusal import FormatError
from enve_pm.core.unit import ROOMS, SUBROOT, UnitError, UnitSpec
from enve_pm.shell.process.rights import Rights, UnknownUser
from enve_pm.shell.product import placed
from enve_pm.shell.product.placed import NEW, OLD, PRODUCT, UNFINISHED
from enve_pm.shell.product.unpack import Unfit, prepare, unpack
from enve_pm.shell.state.folder import Folder
from enve_pm.shell.state.handle import write_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from enve_pm.shell.product.placed import Placed

GONE = b"gone "
PIECE = 1 << 20


def main(home: str) -> int:
    """Place every line that comes; each gets its row, whatever happens to the others."""
    os.umask(0o022)
    with os.fdopen(0, "rb", closefd=False) as rows:
        for row in rows:
            os.write(1, ("%s %s\n" % _one(home, row)).encode("utf-8", "backslashreplace"))
    return 0


def _one(home: str, row: bytes) -> tuple[str, str]:
    if row.startswith(GONE):
        return _gone(home, row[len(GONE) :].decode("ascii", "replace").strip())
    try:
        spec = UnitSpec.parse(loads(row))
    except (FormatError, UnitError) as error:
        return "-", "the line is broken: %s" % error
    try:
        Placing(home, spec).run()
    except (Unfit, UnknownUser) as error:
        return spec.unit, _row(str(error))
    except OSError as error:
        return spec.unit, _row("%s: %s" % (error.filename or "disk", error.strerror))
    return spec.unit, "ok"


def _gone(home: str, name: str) -> tuple[str, str]:
    from enve_pm.shell.product.clear import clear

    try:
        unit = unquote(name)
        clear(home, name)
    except ValueError as error:
        return "-", "the row is broken: %s" % error
    except OSError as error:
        return unit, _row("%s: %s" % (error.filename or "disk", error.strerror))
    return unit, "ok"


def _row(text: str) -> str:
    return " ".join(text.split())[:400]


class Placing:
    """One line. `run` raises OSError, Unfit, UnknownUser."""

    def __init__(self, home: str, spec: UnitSpec) -> None:
        self.home = home
        self.spec = spec
        self.rights = Rights("", "") if spec.kind in ROOMS else Rights(spec.user, spec.group)
        self.store = home + "/store"

    def run(self) -> None:
        with self._spot() as spot, self.rights.lowered():
            before = placed.read(spot)
            known = before._replace(files=sorted({*before.files, *self.spec.files}))
            if known.files != before.files:
                placed.write(spot, known)
            self._product(spot, known)
            self._files(spot)  # afterwards: one may lie in the product
            placed.drop(spot, [path for path in before.files if path not in self.spec.files])
            now = placed.Placed(sorted(self.spec.files), unpacked(self.spec))
            placed.write(spot, now)

    def _spot(self) -> Folder:
        """The spot's directory, owned by its user; HOME/spots is ours alone to write."""
        with Folder.open(self.home + "/spots") as spots:
            spot = spots.made(quote(self.spec.unit), 0o700)
        if self.spec.kind in ROOMS:
            _keep(spot, passed=self.spec.kind != SUBROOT)
        else:
            self.rights.give(spot.fd)
        return spot

    # -- config files -----------------------------------------------------------------------------
    def _files(self, spot: Folder) -> None:
        for path, file in sorted(self.spec.files.items()):
            steps = path.split("/")
            with spot.reach(steps[:-1]) as folder:
                if not _same(folder, steps[-1], file):
                    self._put(folder, steps[-1], file)

    def _put(self, folder: Folder, name: str, file: Any) -> None:
        new = ".%s.new" % name
        folder.unlink(new)
        source = self._blob(file["sha256"])
        try:
            handle = folder.create(new)
            try:
                while True:
                    piece = os.read(source, PIECE)
                    if not piece:
                        break
                    write_all(handle, piece)
                os.fchmod(handle, file["mode"] & 0o777)
                os.fsync(handle)
            finally:
                os.close(handle)
        finally:
            os.close(source)
        if folder.has(name):
            folder.remove(name)
        folder.rename(new, name)

    def _blob(self, name: str) -> int:
        with self.rights.raised():
            return os.open(self.store + "/" + name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)

    # -- the product ------------------------------------------------------------------------------
    def _product(self, spot: Folder, known: Placed) -> None:
        wanted, before = unpacked(self.spec), known.product
        for name in (NEW, OLD):  # of a placing that was cut off
            spot.remove(name)
        if wanted and (wanted != before or not spot.has(PRODUCT)):
            self._unpack(spot, wanted)
            placed.write(spot, known._replace(product=UNFINISHED))
            self._swap(spot)
        elif not wanted and before:
            spot.remove(PRODUCT)

    def _unpack(self, spot: Folder, blob: str) -> None:
        with self.rights.raised():
            prepare()
        with os.fdopen(self._blob(blob), "rb") as source, spot.made(NEW) as folder:
            try:
                unpack(source, folder)
            except BaseException:
                spot.remove(NEW)
                raise
        os.sync()  # the record that is written next must not outlive what it speaks of

    def _swap(self, spot: Folder) -> None:
        if spot.has(PRODUCT):
            spot.rename(PRODUCT, OLD)
        else:
            spot.remove(PRODUCT)
        spot.rename(NEW, PRODUCT)
        spot.remove(OLD)


def _keep(spot: Folder, passed: bool) -> None:
    """What is mounted or made in there is led by this folder: it is pm's, and others may pass; but
    not to a root, whose setuid programs mean something inside of it only."""
    state = os.fstat(spot.fd)
    if state.st_uid != os.geteuid():
        os.fchown(spot.fd, os.geteuid(), os.getegid())
    os.fchmod(spot.fd, 0o711 if passed and os.geteuid() == 0 else 0o700)


def unpacked(spec: UnitSpec) -> str:
    """The sha256 of what is unpacked here: a root's files are the maker's matter."""
    return "" if spec.kind == SUBROOT else str(spec.product.get("sha256", ""))


def _same(folder: Folder, name: str, file: Any) -> bool:
    """Does the file stand there already, with its mode and content?"""
    try:
        handle = folder.read(name)
    except OSError:
        return False
    try:
        state = os.fstat(handle)
        if state.st_size != file["size"] or stat.S_IMODE(state.st_mode) != file["mode"] & 0o777:
            return False
        sum_ = sha256()
        while True:
            piece = os.read(handle, PIECE)
            if not piece:
                return sum_.hexdigest() == str(file["sha256"])
            sum_.update(piece)
    finally:
        os.close(handle)
