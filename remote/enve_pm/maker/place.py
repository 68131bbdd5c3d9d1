"""Where a unit's thing lies, and whose it is."""

from __future__ import annotations

import errno
import os
import stat

from enve_pm.core import rootpath
from enve_pm.core.filename import quote
from enve_pm.maker import trusted
from enve_pm.maker.root import Root
from enve_pm.shell.process.rights import Rights

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from enve_pm.core.unit import UnitSpec
    from enve_pm.maker.seen import Seen

MARGIN = 500  # ms before pm's own deadline, so that there is time to say why


class Trouble(Exception):
    """Why a step cannot be done; the text is for people."""


class Place:
    """home: pm's HOME · body: what the line says under the name of its kind · patience: seconds
    that a thing in use may take until it is free · roots: {unit: its root} that the line names"""

    def __init__(self, home: str, spec: UnitSpec, roots: Mapping[str, Any]) -> None:
        self.home = home
        self._roots = {name: Root(home, root) for name, root in roots.items() if "at" in root}
        self._pms = {name: root["pm"] for name, root in roots.items() if "pm" in root}
        self.spec = spec
        self.unit = spec.unit
        self.body: Any = spec.body
        self.spot = "%s/spots/%s" % (home, quote(spec.unit))
        self.blob: str = spec.product.get("sha256", "")
        self.patience = max(0, spec.stop_timeout - MARGIN) / 1000

    @property
    def rights(self) -> Rights:
        """Of whom it is for. Raises UnknownUser; what he had can go all the same."""
        return Rights(self.spec.user, self.spec.group)

    def path(self, text: str) -> str:
        """A relative path counts from the spot's directory; one in a root stays what it is."""
        return text if rootpath.split(text)[0] else os.path.join(self.spot, text)

    def root(self, path: str) -> tuple[Root, str]:
        """Of a path in a root. Raises FileNotFoundError."""
        unit, inner = rootpath.split(path)
        if unit not in self._roots:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        return self._roots[unit], inner

    def open(self, path: str, make: bool = False) -> int:
        """A folder or file, see `trusted`; with `make` folders that are missing are made, and are
        pm's. Raises OSError."""
        if rootpath.split(path)[0]:
            root, inner = self.root(path)
            return root.open(inner, make)
        return trusted.open_path(path, _make if make else None)

    def show(self, path: str) -> int:
        """What is only to be shown; in a root that may be anybody's, who can only put there what is
        in that root. Raises OSError."""
        seen = self.seen(path)
        if seen is not None:
            return seen.show(rootpath.split(path)[1])
        if rootpath.split(path)[0]:
            root, inner = self.root(path)
            return root.show(inner)
        return trusted.open_path(path)

    def seen(self, path: str) -> Seen | None:
        """Where the path is one in what a nested pm sees."""
        unit = rootpath.split(path)[0]
        if unit not in self._pms:
            return None
        from enve_pm.maker.seen import Seen  # hardly any mount names one

        return Seen(*self._pms[unit])

    def around(self, path: str, make: bool = False) -> tuple[int, str]:
        """The folder that a path stands in, perhaps another's, and its name there. Raises
        OSError."""
        above, slash, name = path.rpartition("/")
        top = not above or above.endswith(rootpath.SIGN[:-1])  # of the machine, or of a root
        return self.open(above + slash if top else above, make), name

    def ground(self, path: str, file: bool) -> int:
        """What a folder or a file is to be shown on; it is made where it is missing. Raises
        Trouble, OSError."""
        if file:
            self._file(path)
        found = self.open(path, make=True)
        if stat.S_ISDIR(os.fstat(found).st_mode) == file:
            os.close(found)
            told = "at: %s is a folder, `from` is none" if file else "at: %s is no folder"
            raise Trouble(told % path)
        return found

    def _file(self, path: str) -> None:
        parent, name = self.around(path, make=True)
        try:
            trusted.judge(parent, path)
            flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC
            os.close(os.open(name, flags, 0o600, dir_fd=parent))
        except FileExistsError:
            pass
        finally:
            os.close(parent)

    def tidy(self, path: str) -> None:
        """In the spot's own directory nothing stays of what was made to mount on: what is empty
        goes, from this one upwards."""
        while path.startswith(self.spot + "/"):
            try:
                parent, name = self.around(path)
                try:
                    _tidy(parent, name)
                finally:
                    os.close(parent)
            except OSError:
                return
            path = path.rpartition("/")[0]


def _make(folder: int, name: str) -> None:
    os.mkdir(name, 0o755, dir_fd=folder)


def _tidy(folder: int, name: str) -> None:
    state = os.stat(name, dir_fd=folder, follow_symlinks=False)
    if stat.S_ISREG(state.st_mode) and state.st_size == 0:
        os.unlink(name, dir_fd=folder)
    else:
        os.rmdir(name, dir_fd=folder)
