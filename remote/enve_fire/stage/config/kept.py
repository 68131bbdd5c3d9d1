"""What setups keep in their root, beside their marks.

ROOT/.enve/setup/NAME            the mark          NAME.lock   held while it is set up
ROOT/.enve/setup/.key            of the root, for the sums of secrets (0600)
ROOT/.enve/setup/.kept/NAME/     for its owner only (0700):
    state                        see `core.laying`
    default/SUM-OF-PATH          what stood there before the first setup
    new/ old/                    while a change goes on
    log                          what its commands printed last
"""

from __future__ import annotations

import os

from enve_fire.core import laying, mark
from enve_fire.core.trouble import SETUP, Trouble
from enve_fire.stage.config import private
from enve_fire.stage.config.standing import Standing
from enve_fire.stage.moving import copy
from enve_pm.core.digest import sha256
from enve_pm.core.refusal import FormatError
from enve_pm.shell.state.folder import Folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from enve_fire.tree.pace import Report

KEPT = ".kept"
STATE = "state"
LOG = "log"
NEW, OLD, SCRATCH = PASSING = ("new", "old", "tmp")
LARGEST = 64 << 20  # bytes of a state


class Setups:
    """The folder of all setups of a root; made where it is missing. A context manager."""

    def __init__(self, root: str) -> None:
        with Folder.open(root) as top, private.own(top, mark.FOLDER, 0o755) as own:
            self.folder = private.own(own, "setup", 0o755)
        self.kept = private.own(self.folder, KEPT, 0o700)

    def __enter__(self) -> Setups:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.kept.fd)
        os.close(self.folder.fd)

    def of(self, name: str) -> Kept:
        return Kept(private.own(self.kept, name, 0o700))

    def others(self, name: str) -> Iterator[tuple[str, laying.State]]:
        """What the other setups of the root hold."""
        for other in self.kept.names():
            if other != name and not other.startswith("."):
                with self.of(other) as kept:
                    yield other, kept.state()

    def lock(self, name: str, report: Report) -> int:
        """Held until it is closed, and let go by the kernel if we die."""
        return private.locked(self.folder, name + laying.LOCK, lambda: report(_WAITS % name))

    def all_locked(self) -> int:
        """Nobody takes a path while we see whose they are."""
        return private.locked(self.kept, laying.LOCK, lambda: None)

    def key(self) -> bytes:
        """Random, of this root; made where it is missing."""
        found = private.key(self.folder)
        if found:
            return found
        lock = self.all_locked()
        try:
            return private.key(self.folder) or private.new_key(self.folder)
        finally:
            os.close(lock)


_WAITS = "waits for another setup of %s in this root"


class Kept:
    """What one setup keeps. A context manager."""

    def __init__(self, folder: Folder) -> None:
        self.folder = folder
        self.default = folder.made("default", 0o700)

    def __enter__(self) -> Kept:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.default.fd)
        os.close(self.folder.fd)

    def state(self) -> laying.State:
        """Raises Trouble where it cannot be read, OSError."""
        data = private.read(self.folder, STATE, LARGEST)
        try:
            return laying.read(data) if data else laying.State()
        except FormatError as error:
            told = ".enve/setup/.kept: the state of a setup cannot be read: %s" % error
            raise Trouble(SETUP, told, "take a new root, or remove that folder") from None

    def write_state(self, state: laying.State) -> None:
        private.write(self.folder, STATE, state.data())

    def save(self, root: Standing, path: str) -> str:
        """Keep a copy of what stands at a path of the root; its sum, "" for nothing."""
        found = root.sum(path)
        if found:
            folder, name = root.around(path)
            with folder:
                copy(folder, name, self.default, default_name(path))
        return found

    def empty(self, name: str) -> Folder:
        """One of PASSING, with nothing in it."""
        self.folder.remove(name)
        return self.folder.made(name, 0o700)

    def tidy(self, state: laying.State) -> None:
        """Nothing stays of what is over."""
        for name in PASSING:
            self.folder.remove(name)
        known = {default_name(path) for path in state.defaults}
        for name in self.default.names():
            if name not in known:
                self.default.unlink(name)


def default_name(path: str) -> str:
    return sha256(path.encode()).hexdigest()
