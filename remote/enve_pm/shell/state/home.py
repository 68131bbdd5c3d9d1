"""HOME: pm's folder, its modes, and the files of units in it.

units/NAME/parameter  the unit's line        state  the state machine's word
units/NAME/planned    the line as planned, there only while `parameter` is changed by hand
units/NAME/owed       the line by which something was made that is to be undone one day
units/NAME/done       of a job that has run: by which line, since which boot
units/NAME/fired      of a timer: when it fired last (ms since 1970), by which line, what came of it
units/NAME/mounted    of a mount that shows a folder, or a network: which it is (see `maker.laid`)
units/NAME/want       there only when a want was set by hand: `up manual by WHO`
wants                 the same for all units in one file, which is what a start goes by
public/status.json    every unit in one read (see `status`)
"""

from __future__ import annotations

import os

from enve_pm.core.canonical import dumps, loads
from enve_pm.core.filename import quote, unquote
from enve_pm.core.lean import namedtuple
from enve_pm.core.shape import table, text
from enve_pm.shell.process.job import Jobs
from enve_pm.shell.state.pending import LASTING, REPLACED, Pending

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from enve_pm.shell.events.system import System

# line: in force · planned: what a plan said, where the owner changed it, else empty
Kept = namedtuple("Kept", "name line planned")

# The modes for everybody's pm; a system install opens HOME itself (0711) and public/ (0750).
PRIVATE, PASSABLE = 0o700, 0o711
FOLDERS = ("units", "jobs", "spots", "log", "plans", "store", "trust", "sub", "feed")
# How public/sub/NAME.json begins (see `lookout`), and its mode.
ALIVE, DOWN = b'{"alive":true,', b'{"alive":false,'
SHARED = 0o640
LARGEST = 64 << 20  # bytes of it
# All that pm keeps in HOME about its units, but for what they wrote and printed.
BOOKS = (
    *("units", "jobs", "plans", "store", "trust", "sub", "feed", "public", "terminals"),
    *("artifacts", "wants", "lock"),
)


class Home:
    """The tree under `path`. Volatile files go through `pending`; wants and parameters by hand are
    on the disk before the call returns."""

    def __init__(self, path: str, system: System, group: int = -1) -> None:
        self.path = path
        self.system = system
        self.pending = Pending(system)
        self._group = group  # who may read public/ beside the owner; -1 = nobody
        self.passable = group >= 0  # units may run as other users: these must be able to pass
        self.jobs = Jobs(path + "/jobs", system, self.pending)

    def make(self) -> None:
        """Make what is missing and set the modes. Raises OSError."""
        shared = self._group >= 0
        _folder(self.path, PASSABLE if self.passable else PRIVATE)
        for name in FOLDERS:
            passed = self.passable and name == "spots"
            _folder("%s/%s" % (self.path, name), PASSABLE if passed else PRIVATE)
        public = self.path + "/public"
        for folder in (public, public + "/sub", public + "/acks"):
            _folder(folder, 0o750 if shared else PRIVATE)
            if shared:
                os.chown(folder, -1, self._group)

    # -- places ------------------------------------------------------------------------------------
    def spot(self, unit: str) -> str:
        """The unit's own directory, `spot.dir`."""
        return "%s/spots/%s" % (self.path, quote(unit))

    def log(self, unit: str) -> str:
        return "%s/log/%s.log" % (self.path, quote(unit))

    def unit(self, unit: str) -> str:
        return "%s/units/%s" % (self.path, quote(unit))

    # -- units -------------------------------------------------------------------------------------
    def define(self, unit: str, line: str) -> None:
        """Keep a unit's line as it was planned. (That it lasts is the plan's part.)"""
        folder = self.unit(unit)
        self.pending.put(folder + "/parameter", line.encode(), REPLACED)
        if os.path.exists(folder + "/planned"):
            self.pending.remove(folder + "/planned")

    def override(self, unit: str, line: str) -> None:
        """Keep the line with what the owner set in it; this must outlive a power cut."""
        folder = self.unit(unit)
        self.pending.flush()
        if not os.path.exists(folder + "/planned"):
            planned = self._text(quote(unit), "parameter")
            self.pending.now(folder + "/planned", planned.encode(), LASTING)
        self.pending.now(folder + "/parameter", line.encode(), LASTING)

    def owe(self, unit: str, line: bytes) -> None:
        """Keep the line by which the unit makes something; empty: it is undone. It must outlive a
        power cut: folders and networks do not end with one."""
        path = self.unit(unit) + "/owed"
        if line:
            self.pending.flush()
            self.pending.now(path, line, LASTING)
        else:
            self.pending.remove(path)

    def owed(self, unit: str) -> bytes:
        return self._rare(quote(unit), "owed").encode()

    def set_done(self, unit: str, mark: str) -> None:
        """Keep that a job has run; empty: it shall run again."""
        path = self.unit(unit) + "/done"
        if mark:
            self.pending.now(path, mark.encode() + b"\n", LASTING)
        else:
            self.pending.remove(path)

    def done(self, unit: str) -> str:
        return self._text(quote(unit), "done").strip()

    def set_fired(self, unit: str, text: str, lasting: bool = False) -> None:
        """Keep when a timer has fired; empty: it has not."""
        path = self.unit(unit) + "/fired"
        if text:
            self.pending.now(path, text.encode() + b"\n", LASTING if lasting else REPLACED)
        else:
            self.pending.remove(path)

    def fired(self, unit: str) -> tuple[int, str, str]:
        """(when, by which line, what came of it), as it was kept; (0, "", "") if it was not."""
        when, _, rest = self._text(quote(unit), "fired").strip().partition(" ")
        mark, _, said = rest.partition(" ")
        return (int(when), mark, said) if when.isdigit() else (0, "", "")

    def state(self, unit: str, state: str) -> None:
        self.pending.put(self.unit(unit) + "/state", state.encode() + b"\n")

    def wants(self) -> dict[str, str]:
        """The wants set by hand, as `keep_wants` wrote them. Raises FormatError."""
        try:
            wants = loads(self.system.read(self.path + "/wants"))
        except FileNotFoundError:
            return {}
        return table(wants, "wants", text)

    def keep_wants(self, wants: dict[str, str], changed: Iterable[str]) -> None:
        """Keep all wants set by hand in one write that lasts, however many changed; the files of
        the units are for people."""
        self.pending.now(self.path + "/wants", dumps(wants), LASTING)
        for unit in changed:
            path = self.unit(unit) + "/want"
            if unit in wants:
                self.pending.put(path, wants[unit].encode() + b"\n")
            else:
                self.pending.remove(path)

    def cleared(self, unit: str) -> bool:
        """Is nothing left where the unit was? Its directory goes here, if that is empty."""
        try:
            os.rmdir(self.spot(unit))
        except FileNotFoundError:
            pass
        except OSError:
            return False
        return not os.path.isdir("%s/sub/%s" % (self.path, quote(unit)))

    def forget(self, unit: str) -> None:
        """The unit is gone: so are its folder and its jobs. Its log stays for people."""
        folder = self.unit(unit)
        self.pending.forget(folder)
        for name in ("parameter", "planned", "state", "want", "owed", "done", "fired", "mounted"):
            try:
                self.system.remove("%s/%s" % (folder, name))
            except OSError:
                continue
        try:
            os.rmdir(folder)
        except OSError:
            pass
        self.jobs.drop(unit)

    def units(self) -> Iterator[Kept]:
        """What the disk knows, read once at the start. What is unreadable is left to the plan."""
        for folder in sorted(os.listdir(self.path + "/units")):
            try:
                line = self._text(folder, "parameter")
                if line:
                    yield Kept(unquote(folder), line, self._rare(folder, "planned"))
            except ValueError:
                continue

    def subs_are_down(self) -> None:
        """No sub-pm of an earlier pm lives: what was shown of each is what it showed last."""
        for name in os.listdir(self.path + "/public/sub"):
            path = "%s/public/sub/%s" % (self.path, name)
            try:
                shown = self.system.read(path, LARGEST)
            except OSError:
                continue
            if shown.startswith(ALIVE):
                self.pending.put(path, DOWN + shown[len(ALIVE) :], REPLACED, SHARED)

    def _rare(self, folder: str, name: str) -> str:
        """Of a file that most units have not: to ask first costs less than an error."""
        path = "%s/units/%s/%s" % (self.path, folder, name)
        return self._text(folder, name) if os.access(path, os.F_OK) else ""

    def _text(self, folder: str, name: str) -> str:
        try:
            return self.system.read("%s/units/%s/%s" % (self.path, folder, name)).decode()
        except OSError:
            return ""


def _folder(path: str, mode: int) -> None:
    os.makedirs(path, mode, exist_ok=True)
    if os.stat(path).st_mode & 0o7777 != mode:
        os.chmod(path, mode)
