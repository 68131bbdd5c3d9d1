"""The marks that lie in a root, as somebody finds them who comes to look: what another user could
have written counts for nothing."""

from __future__ import annotations

import os
import stat

from enve_fire.core import laying, mark
from enve_fire.core.trouble import Trouble
from enve_fire.stage import marks
from enve_fire.stage.config.kept import KEPT
from enve_fire.stage.install import manifest
from enve_fire.stage.verify.extra import listed
from enve_fire.tree import trusted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any


class RootMarks:
    """alone: whether there is the mark of a place that is one product's own · shared: names of the
    products that share the root · setups: their names · begun: of setups that have no mark · shut:
    what we may not look into, "" if nothing."""

    def __init__(self, root: str) -> None:
        self._root = root.rstrip("/")
        self.shut = ""
        self.alone = self._ours(mark.FOLDER) and self._has(mark.INSTALL)
        self.settled = self._ours(mark.FOLDER) and self._has(mark.ROOT)
        self.shared = sorted(manifest.products(self._names(mark.INSTALLS)))
        self.setups = self._names(mark.SETUPS, laying.BESIDE)
        shut = self.shut
        kept = self._names("%s/%s" % (mark.SETUPS, KEPT))
        self.shut = shut  # that is their owner's to see
        self.begun = [name for name in kept if name not in self.setups]

    def at(self, *steps: str) -> str:
        """The path of a mark."""
        return "/".join((self._root, *steps))

    def is_cut_off(self, product: str) -> bool:
        """Whether its last install into a shared root has not come to its end."""
        begun = marks.read_hash(self.at(mark.INSTALLS, product + manifest.BEGUN))
        return bool(begun) and begun != marks.read_hash(self.at(mark.INSTALLS, product))

    def set_up(self) -> tuple[set[str], set[str]]:
        """Paths that setups have laid; those that were there besides, when they ended."""
        laid: set[str] = set()
        left: set[str] = set()
        for name in self.setups:
            path = self.at(mark.SETUPS, name)
            try:
                body = body_of(path)
                laid.update(listed(row[0]) for row in marks.rows(path, body))
            except (Trouble, PermissionError):
                continue  # it says nothing
            more = body.get("left", [])
            left.update(map(str, more) if isinstance(more, list) else ())
        return laid, left

    def _has(self, path: str) -> bool:
        return os.path.lexists(self.at(path))

    def _ours(self, path: str) -> bool:
        """A folder that nobody but root and we could have made."""
        try:
            state = os.lstat(self.at(path))
        except OSError as error:
            self._failed(error)
            return False
        return stat.S_ISDIR(state.st_mode) and trusted.is_safe(state, os.geteuid())

    def _names(self, folder: str, but: Sequence[str] = ()) -> list[str]:
        steps = folder.split("/")
        if not all(self._ours("/".join(steps[: n + 1])) for n in range(len(steps))):
            return []
        try:
            names = sorted(os.listdir(self.at(folder)))
        except OSError as error:
            self._failed(error)
            return []
        return [one for one in names if not one.startswith(".") and not one.endswith(tuple(but))]

    def _failed(self, error: OSError) -> None:
        if not isinstance(error, (FileNotFoundError, NotADirectoryError)):
            self.shut = self.shut or "%s: %s" % (error.filename, error.strerror)


def body_of(path: str) -> dict[str, Any]:
    """Of a mark; {} for what is none, such as a link to one. Raises Trouble, PermissionError."""
    try:
        return marks.read_body(path)
    except PermissionError:
        raise
    except OSError:
        return {}


def seen(path: str) -> tuple[int, int]:
    """What tells a mark from the one that takes its place."""
    try:
        state = os.lstat(path)
    except OSError:
        return 0, 0
    return state.st_ino, state.st_mtime_ns


def is_root(folder: str) -> bool:
    """Whether a stage may have laid something there."""
    paths = (mark.INSTALL, mark.INSTALLS, mark.SETUPS, mark.ROOT)
    return any(os.path.lexists("%s/%s" % (folder, path)) for path in paths)
