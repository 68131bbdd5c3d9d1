"""A change of files in a root that is either done or undone."""

from __future__ import annotations

import os
from functools import partial

from enve_fire.core.configfile import SAVED
from enve_fire.core.laying import above
from enve_fire.core.trouble import Trouble
from enve_fire.stage.config.standing import Standing, sum_at
from enve_fire.stage.moving import keep, move, part_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from enve_fire.core.laying import State
    from enve_fire.stage.config.seal import Seal
    from enve_pm.shell.state.folder import Folder


class Change:
    """`new`, `old`: folders, of what shall be laid and for what it replaces."""

    def __init__(self, root: Standing, state: State, seal: Seal, new: Folder, old: Folder) -> None:
        self._root = root
        self._state = state
        self._seal = seal
        self._new = new
        self._old = old
        self._undo: list[Callable[[], object]] = []

    def clear(self, back: Mapping[str, str], folders: Sequence[str]) -> None:
        """What is not wanted any more goes. `back`: {path: a name in `new`; "" for nothing};
        `folders`: go where they are empty, in this order. Raises Trouble, OSError."""
        for path, name in sorted(back.items()):
            if name:
                self._lead(path)  # somebody may have taken the folder away
            self._put(path, name)
        for folder in folders:
            if self._root.drop_folder(folder):
                self._undo.append(partial(self._root.make_folder, folder))

    def lay(self, files: Mapping[str, str]) -> None:
        """{path: a name in `new`}. Raises Trouble, OSError."""
        for path, name in sorted(files.items()):
            self._lead(path)
            self._put(path, name)

    def undo(self) -> list[str]:
        """All is as it was before; what could not be put back."""
        wrong = []
        while self._undo:
            try:
                self._undo.pop()()
            except (OSError, Trouble) as error:
                wrong.append(str(error))
        return wrong

    def _lead(self, path: str) -> None:
        """Make the folders that it lies in."""
        for folder in above(path):
            if not self._root.is_folder(folder) and self._root.make_folder(folder):
                self._undo.append(partial(self._root.drop_folder, folder))

    def _put(self, path: str, name: str) -> None:
        try:
            folder, last = self._root.around(path)
        except FileNotFoundError:
            if name:
                raise
            return
        with folder:
            folder.unlink(part_of(last))
            found = sum_at(folder, last, path)
            self._save(folder, last, path, found)
            self._remember(folder, last, path, found)
            if name:
                move(self._new, name, folder, last)
            elif found:
                folder.unlink(last)
                os.fsync(folder.fd)

    def _save(self, folder: Folder, last: str, path: str, found: str) -> None:
        """What somebody has edited is not lost."""
        known = self._state.files.get(path, ())
        if self._state.edited(path, self._seal.spellings(found, known)):
            keep(folder, last, folder, last + SAVED)

    def _remember(self, folder: Folder, last: str, path: str, found: str) -> None:
        name = str(len(self._undo))
        if found:
            keep(folder, last, self._old, name)
        self._undo.append(partial(self._restore, path, name if found else ""))

    def _restore(self, path: str, name: str) -> None:
        folder, last = self._root.around(path)
        with folder:
            if name:
                move(self._old, name, folder, last)
            else:
                folder.unlink(last)
