"""What an artifact becomes in a place: which paths, with which modes, whose.

A product that was built is laid below the root as it is; of one that was not, the source lies at
the prefix.
"""

from __future__ import annotations

import os

from enve_fire.core import mark, profile
from enve_fire.core.source import worked_in
from enve_fire.core.trouble import BUSY, INSTALL, Trouble
from enve_fire.stage import marks
from enve_fire.stage.install import packaged
from enve_fire.tree import ignore, listfile
from enve_fire.tree.contents import contents
from enve_fire.tree.copy import Terms, copy
from enve_fire.tree.digest import hash_of_rows
from enve_fire.tree.listing import IS_FOLDER, LINK, listing, rows_of
from enve_fire.tree.modes import closed
from enve_fire.tree.names import shown
from enve_fire.tree.pace import Amount, quiet
from enve_pm.core.lean import namedtuple
from enve_pm.shell.state.folder import Folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Optional

    from enve_fire.core.product import Product
    from enve_fire.tree.listing import Listed
    from enve_fire.tree.pace import Report

LARGEST_ID = 2**32 - 2


class Artifact(namedtuple("Artifact", "path hash sums laid", defaults=("", False))):
    """path: its folder. hash: as `core.sums.artifact` says. sums: a file beside it that keeps what
    its files hash to, "" for none; of an entry of a store `entry.beside("sums")`. laid: it is a
    package: as below a root, whether or not its profile builds anything."""

    __slots__ = ()

    if TYPE_CHECKING:
        path: str
        hash: str
        sums: str
        laid: bool


class Laying:
    """rows: what lies there, once it is filled (see `tree.listing`). Raises Trouble, OSError."""

    def __init__(self, product: Product, artifact: Artifact, report: Report = quiet) -> None:
        self._product = product
        self._artifact = artifact
        self._tell = Amount(report, "install of " + product.name)
        self._section = profile.section(product.table, profile.INSTALL)
        whole = artifact.laid or profile.builds(product.table)
        self._inner = "" if whole else product.table["prefix"].strip("/")
        self._setuid = profile.setuid(product.table)
        self._owner = _owner(self._section["owner"])
        self._worked_in = bool(self._inner) and worked_in(product.source)
        self._skip: Any = ignore.of if self._worked_in else None
        if artifact.laid:
            self._skip = packaged.without_own
        self.rows: list[Listed] = []

    def fill(self, target: str, stored: bool) -> str:
        """Lay it into an empty folder, within one that nobody else may enter; says how it was
        copied. The folder itself stays ours, whoever owns the files: marks will lie in it."""
        with Folder.open(target) as top:
            mine = os.fstat(top.fd)
            with self._prefix(top) as inner:
                how = self._copy(inner, stored)
            if self._owner:
                os.fchown(top.fd, mine.st_uid, mine.st_gid)
            os.fchmod(top.fd, 0o755)
        self.rows = self._rows("/".join((target, self._inner)).rstrip("/"))
        return how

    def _prefix(self, top: Folder) -> Folder:
        """The folder that the source itself lies in."""
        here = top.reach(())
        for step in self._inner.split("/") if self._inner else ():
            with here:
                os.mkdir(step, 0o700, dir_fd=here.fd)
                here = here.below(step)
            self._finish(here)
        return here

    def _copy(self, inner: Folder, stored: bool) -> str:
        setuid = frozenset(os.fsencode(path) for path in self._within())
        terms = Terms(stored, self._skip, setuid, self._owner, True, self._tell)
        how = copy(self._artifact.path, inner.fd, self._section["mode"], terms)
        self._finish(inner)
        return how

    def _finish(self, folder: Folder) -> None:
        os.fchmod(folder.fd, 0o755)  # whatever the umask
        if self._owner:
            os.fchown(folder.fd, *self._owner)

    def _within(self) -> list[str]:
        """The paths of what may be setuid, within the artifact."""
        if not self._inner:
            return self._setuid
        lead = self._inner + "/"
        return [path[len(lead) :] for path in self._setuid if path.startswith(lead)]

    # -- rows -------------------------------------------------------------------------------------
    def _rows(self, inner: str) -> list[Listed]:
        steps = self._inner.split("/") if self._inner else []
        above = ["/".join(steps[: n + 1]) for n in range(len(steps))]
        lead = shown(os.fsencode(self._inner)) + "/" if self._inner else ""
        rows: list[Listed] = [[shown(os.fsencode(path)), IS_FOLDER, 0o755] for path in above]
        rows += [[lead + path, content, mode] for path, content, mode in self._found(inner)]
        self._refuse(rows)
        listed = {shown(os.fsencode(path)) for path in self._setuid}
        return [[path, said, _mode(said, mode, path in listed)] for path, said, mode in rows]

    def _found(self, inner: str) -> list[Listed]:
        """What is in the artifact, by what its store has noted of it, if that did; nobody notes it
        now: what has changed since would count as made so."""
        if self._worked_in:
            return self._checked(inner)
        sums = self._artifact.sums
        kept = listfile.loads(marks.read(sums, os.geteuid())) if sums else None
        if kept is not None:
            return kept
        return listing(self._artifact.path, self._skip, self._tell)

    def _checked(self, inner: str) -> list[Listed]:
        """Of a copy of what somebody works in: it has to be what was asked for."""
        rows = contents(inner, tell=self._tell)
        if hash_of_rows(rows) != self._product.source:
            told = "%s changed while it was copied" % self._artifact.path
            raise Trouble(BUSY, told, "let whoever writes there finish, then do it again")
        return rows_of(rows)

    def _refuse(self, rows: list[Listed]) -> None:
        """Raises Trouble for what may not be installed."""
        name = self._product.name
        if any((row[0] + "/").startswith(mark.FOLDER + "/") for row in rows):
            told = "%s brings %s, which is where the marks of a root lie" % (name, mark.FOLDER)
            raise Trouble(INSTALL, told, "let its build leave that out")
        files = {row[0] for row in rows if row[1] != IS_FOLDER and not row[1].startswith(LINK)}
        for path in self._setuid:
            if shown(os.fsencode(path)) not in files:
                told = "install.setuid of %s: there is no file /%s in it" % (name, path)
                raise Trouble(INSTALL, told, "name files by their paths below the root")


def _mode(content: str, mode: int, listed: bool) -> int:
    return 0 if content.startswith(LINK) else closed(mode, content == IS_FOLDER, listed)


def _owner(text: str) -> Optional[tuple[int, int]]:
    """Raises Trouble where files would have to be given away, and we may not."""
    if not text:
        return None
    uid, gid = (int(part) for part in text.split(":"))
    if (uid, gid) == (os.geteuid(), os.getegid()):
        return None
    if max(uid, gid) > LARGEST_ID:
        raise Trouble(INSTALL, "install.owner %s: there is no such user" % text)
    if os.geteuid() != 0:
        told = "install.owner %s: only root may give files away, and this is uid %d"
        hint = "leave install.owner out: then they belong to whoever installs; or install as root"
        raise Trouble(INSTALL, told % (text, os.geteuid()), hint)
    return uid, gid
