"""Whose a file shall be, by the names that are known in its root."""

from __future__ import annotations

import os

from enve_fire.core.trouble import SETUP, Trouble
from enve_fire.stage.config.standing import Standing
from enve_pm.shell.state.handle import read_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from enve_fire.tree.pace import Report

LARGEST = 8 << 20  # bytes of a passwd
KEEP = -1  # as of chown(2)
_HIGHEST = 2**32 - 2  # the one above says KEEP
_ID = 2  # the field of a row of passwd or group
_GROUP = 3


class Owners:
    """`give` sets the owner of an open file: `app`, `app:staff`, `10:20`; "" is whoever sets it
    up. Only root may give files away: else that is reported, and the file stays ours."""

    def __init__(self, root: Standing, report: Report) -> None:
        self._report = report
        self._users = _Names(root, "/etc/passwd")
        self._groups = _Names(root, "/etc/group")

    def give(self, handle: int, owner: str, path: str) -> None:
        """Raises Trouble for a name that nobody has."""
        if not owner:
            return
        if os.geteuid():
            self._report(
                "%s: stays uid %d's: only root may give it to %s" % (path, os.geteuid(), owner)
            )
            return
        uid, gid = self.ids(owner, path)
        os.fchown(handle, uid, gid)

    def ids(self, owner: str, path: str) -> tuple[int, int]:
        """A user's name alone brings his group."""
        user, colon, group = owner.partition(":")
        uid, primary = self._user(user, path) if user else (KEEP, KEEP)
        if not colon:
            return uid, primary
        return uid, self._group(group, path) if group else primary

    def _user(self, name: str, path: str) -> tuple[int, int]:
        row = self._users.row(name)
        if row is not None:
            return _number(row[_ID], name, path), _number(row[_GROUP], name, path)
        if name.isdecimal():
            return _number(name, name, path), KEEP
        raise Trouble(SETUP, "%s: there is no user %s in this root" % (path, name))

    def _group(self, name: str, path: str) -> int:
        if name.isdecimal():
            return _number(name, name, path)
        row = self._groups.row(name)
        if row is None:
            raise Trouble(SETUP, "%s: there is no group %s in this root" % (path, name))
        return _number(row[_ID], name, path)


class _Names:
    """Of the root's own file; of the machine's where the root has none."""

    def __init__(self, root: Standing, path: str) -> None:
        self._root = root
        self._path = path
        self._rows: list[list[str]] | None = None

    def row(self, name: str) -> list[str] | None:
        if self._rows is None:
            self._rows = [line.split(":") for line in self._text().splitlines()]
        return next((row for row in self._rows if row[0] == name and _whole(row)), None)

    def _text(self) -> str:
        try:
            folder, name = self._root.around(self._path)
            with folder:
                handle = folder.read(name)
        except OSError:
            handle = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            return read_all(handle, LARGEST).decode("utf-8", "replace")
        finally:
            os.close(handle)


def _whole(row: list[str]) -> bool:
    return len(row) > _GROUP and row[_ID].isdecimal()


def _number(text: str, name: str, path: str) -> int:
    """Raises Trouble."""
    if not text.isdecimal() or int(text) > _HIGHEST:
        raise Trouble(SETUP, "%s: %s has no valid number: %.40r" % (path, name, text))
    return int(text)
