"""`_do STEP HOME`: one step of one unit; the unit's line comes on stdin, and in a second one where
the roots are that it names.

exit 0: it is there, it is made, it is gone · 1: it is not, or it could not be done. Why is printed
for the unit's log, and left in jobs/ID/message, where pm looks for it.
"""

from __future__ import annotations

import errno
import os

from enve_pm.core import states
from enve_pm.core.canonical import loads
from enve_pm.core.unit import UnitSpec
from enve_pm.maker.place import Place, Trouble
from enve_pm.shell.complain import complain
from enve_pm.shell.process.descend import MARKER
from enve_pm.shell.process.rights import UnknownUser

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, Protocol

    class Made(Protocol):
        """One kind of resource."""

        def check(self) -> str: ...
        def make(self) -> None: ...
        def undo(self) -> None: ...


LARGEST = 1 << 20  # bytes of a line
MOUNTED = ("mount", "subroot")
ONLY_ROOT = "only a pm that is root's can mount; this one runs as uid %d"


def main(arguments: Sequence[str]) -> int:
    """STEP, HOME."""
    step, home = arguments
    os.umask(0o22)
    with os.fdopen(0, "rb", closefd=False) as stdin:
        line, _, roots = stdin.read(LARGEST).partition(b"\n")
    spec = UnitSpec.parse(loads(line))
    why = _do(step, home, spec, loads(roots) if roots else {})
    why = why.encode("utf-8", "backslashreplace").decode()  # names that others have given
    if why:
        print("%s: %s" % (step, why), flush=True)
        _leave(home, why)
    return 1 if why else 0


def _do(step: str, home: str, spec: UnitSpec, roots: dict[str, Any]) -> str:
    """Why it is not so, or not done; else empty."""
    try:
        made = unit(Place(home, spec, roots))
        if step == states.CHECK:
            return made.check()
        made.make() if step == states.MAKE else made.undo()
    except (Trouble, UnknownUser) as trouble:
        return str(trouble)
    except OSError as error:
        if error.errno == errno.EPERM and spec.kind in MOUNTED and os.geteuid():
            return ONLY_ROOT % os.geteuid()
        name, why = str(error.filename or spec.kind), str(error.strerror)
        return why if why.startswith(name) else "%s: %s" % (name, why)
    return ""


def unit(place: Place) -> Made:
    """What makes the line's resource, by its kind."""
    return _KINDS[place.spec.kind](place)


def _leave(home: str, why: str) -> None:
    job = os.environ.get(MARKER, "")
    if job and "/" not in job:
        try:
            with open("%s/jobs/%s/message" % (home, job), "w", encoding="utf-8") as file:
                file.write(why + "\n")
        except OSError as error:
            complain("jobs/%s: %s" % (job, error.strerror))


def _mount(place: Place) -> Made:
    from enve_pm.maker.mount import MountUnit

    return MountUnit(place)


def _volume(place: Place) -> Made:
    from enve_pm.maker.volume import VolumeUnit

    return VolumeUnit(place)


def _subroot(place: Place) -> Made:
    from enve_pm.maker.subroot import SubrootUnit

    return SubrootUnit(place)


def _network(place: Place) -> Made:
    from enve_pm.maker.network import network_unit

    return network_unit(place)


_KINDS: dict[str, Callable[[Place], Made]] = {
    "mount": _mount,
    "network": _network,
    "subroot": _subroot,
    "volume": _volume,
}
