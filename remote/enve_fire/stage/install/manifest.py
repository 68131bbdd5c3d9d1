"""Which product laid what into a root that several share: by their marks, and by the journals of
installs that were cut off.

    .enve/installs/PRODUCT         the mark
    .enve/installs/PRODUCT.begun   a mark too: all that the install under way lays or removes
"""

from __future__ import annotations

import os

from enve_fire.core import mark, profile
from enve_fire.stage import marks
from enve_fire.tree.listing import IS_FOLDER
from enve_pm.shell.state.handle import sync_folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Iterable, Mapping, Sequence, Tuple

    from enve_fire.stage.install.place import Place
    from enve_fire.tree.listing import Listed

    Rows = Dict[str, Tuple[str, int]]  # path: content, mode

BEGUN = ".begun"
DEPS = ".deps"
ENV = ".env"
_BESIDE = (DEPS, ENV, marks.NEW)
TAKEN = (*_BESIDE, BEGUN)  # ends of names that no product may have


class Manifests:
    """own: of the product itself, and of each version of it that it takes the place of: one of the
    same prefix. others: of each other one, by its name. Raises Trouble."""

    def __init__(self, place: Place, table: Mapping[str, Any]) -> None:
        self._folder = place.mark(mark.INSTALLS)
        self._name = profile.product(table)
        self.journal = "%s/%s%s" % (self._folder, self._name, BEGUN)
        self._place = {"title": table["title"], "prefix": table["prefix"]}
        names = products(os.listdir(self._folder)) - {self._name}
        self._before = [name for name in sorted(names) if self._is_version(name)]
        self.own: Rows = {}
        for name in (*self._before, self._name):
            self.own.update(self._read(name))
        self.others = {name: self._read(name) for name in names.difference(self._before)}
        self.set_up = _set_up(place)

    def _is_version(self, name: str) -> bool:
        path = "%s/%s" % (self._folder, name)
        body = marks.read_body(path) or marks.read_body(path + BEGUN)
        return all(body.get(key) == value for key, value in self._place.items())

    def _read(self, name: str) -> Rows:
        path = "%s/%s" % (self._folder, name)
        rows = _rows(marks.read_files(path))
        if marks.read_hash(path) != marks.read_hash(path + BEGUN):  # else it came to its end
            rows.update(_rows(marks.read_files(path + BEGUN)))
        return rows

    def begin(self, rows: Sequence[Listed], hash_: str) -> None:
        """Write down what is laid from now on, with what is there already."""
        new = {row[0] for row in rows}
        old = [[path, *said] for path, said in self.own.items() if path not in new]
        marks.write(self.journal, hash_, {"files": [*old, *rows], **self._place})

    def drop_before(self) -> None:
        """The versions that make way are not installed any more; their files are ours now."""
        for name in self._before:
            for end in ("", BEGUN, DEPS, ENV):
                marks.drop("%s/%s%s" % (self._folder, name, end))

    def others_have(self, path: str) -> bool:
        return path in self.set_up or any(path in rows for rows in self.others.values())

    def mode(self, path: str, mode: int) -> int:
        """Of a folder that several have: what any of them needs."""
        for rows in (self.own, *self.others.values()):
            content, theirs = rows.get(path, ("", 0))
            mode |= theirs if content == IS_FOLDER else 0
        return mode


def products(names: Iterable[str]) -> set[str]:
    """Those that the names of a folder of marks are about."""
    files = [name[: -len(BEGUN)] if name.endswith(BEGUN) else name for name in names]
    return {name for name in files if not name.startswith(".") and not name.endswith(_BESIDE)}


def forget(path: str) -> None:
    """An install is to be done again: its mark goes; in a root that several share, what it has laid
    is still known."""
    several = os.path.basename(os.path.dirname(path)) == os.path.basename(mark.INSTALLS)
    if several and not os.path.lexists(path + BEGUN):
        os.rename(path, path + BEGUN)
        sync_folder(os.path.dirname(path))
    else:
        marks.drop(path)


def _rows(rows: Sequence[Listed]) -> Rows:
    return {path: (content, mode) for path, content, mode in rows}


def _set_up(place: Place) -> dict[str, str]:
    """Paths that setups have laid, and their marks: an install may lay its default there again."""
    folder = place.mark(mark.SETUPS)
    try:
        paths = ["%s/%s" % (folder, name) for name in os.listdir(folder)]
    except FileNotFoundError:
        return {}
    found = [(path, marks.read_files(path)) for path in paths if marks.read_hash(path)]
    return {row[0].lstrip("/"): path for path, rows in found for row in rows}
