"""From a draft into its place: whoever looks meanwhile finds the old entry or the new one, or looks
again; and whoever is killed leaves one of both."""

from __future__ import annotations

import errno
import os

from enve_fire.core.trouble import FAILED, Trouble
from enve_fire.store import draft
from enve_fire.store import entry as entries
from enve_fire.store.entry import Entry
from enve_pm.shell.state.handle import sync_folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable

_TAKEN = (errno.ENOTEMPTY, errno.EEXIST)
TRIES = 8  # against others who rename without a lock


class Placing:
    """`path`: of the draft · `look`: what finds the entry where somebody else was faster."""

    def __init__(self, path: str, entry: Entry, look: Callable[[], Entry | None]) -> None:
        self._draft = path
        self.entry = entry
        self._look = look

    def run(self) -> Entry:
        """That entry, or one of somebody who was faster. Raises Trouble, OSError."""
        shelf, name = self.entry.shelf, self.entry.name
        for _ in range(TRIES):
            old = self._cleared()
            if isinstance(old, Entry):
                return old
            if self._renamed():
                sync_folder(shelf)
                self.entry.touch()
                draft.remove("%s/%s/%s" % (shelf, entries.FAILED, name))
                if old:
                    draft.remove(old)
                return self.entry
        raise Trouble(FAILED, "%s: others put it in its place all the time" % self.entry.path)

    def _cleared(self) -> Entry | str:
        """The entry of somebody who was faster; or where one is now that had expired, "" if there
        was none."""
        if not os.path.lexists(self.entry.path):
            return ""
        found = self._look()
        if found is not None:
            return found
        away = draft.aside(self.entry.shelf, self.entry.name)
        try:
            os.rename(self.entry.path, away)
        except FileNotFoundError:
            return ""
        return away

    def _renamed(self) -> bool:
        """What is known of an entry goes first: a reader never meets one without it. Between an old
        entry and a new one only these renames lie."""
        for name in (draft.TEXT, draft.LOG, draft.SUMS, draft.META):
            self._known(name)
        try:
            os.rename(self._draft + "/" + draft.OUT, self.entry.path)
        except OSError as error:
            if error.errno not in _TAKEN:
                raise
            return False
        return True

    def _known(self, name: str) -> None:
        try:
            os.rename(self._draft + "/" + name, self.entry.beside(name))
        except FileNotFoundError:
            pass  # it is there since the last try
