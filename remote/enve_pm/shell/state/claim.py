"""public/status.json where the disk takes no new one: it must still name the pm that is alive.

A listing or a march takes pm for dead when the process that the file names is gone. So a pm that
begins on a full disk puts its name into the file that is there, over bytes which that has already.
The states in it stay those of an earlier moment, and are marked so (see `Files.outdate`).
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from enve_pm.shell.events.system import System

LARGEST = 64 << 20
# Blanks at the end of each status: a longer pid, start time or hash takes no room but theirs.
SPARE = b" " * 64
_BEGIN = b'{"boot":'
_UNITS = b'"units":'


def claimed(shown: bytes, ours: bytes) -> bytes | None:
    """The file `shown` with the name that the file `ours` begins with, as long as it was; None when
    it is no whole status or has no room for that. Never parsed: it may hold thousands of units."""
    before, units, rest = shown.partition(_UNITS)
    if not (before.startswith(_BEGIN) and rest.endswith(b"\n") and rest.rstrip().endswith(b"}")):
        return None
    text = ours.partition(_UNITS)[0] + units + rest.rstrip()
    blanks = len(shown) - len(text) - 1
    return text + b" " * blanks + b"\n" if blanks >= 0 else None


def claim(system: System, path: str, ours: bytes) -> None:
    """Name us in the file, where it names another. What fails may be tried again."""
    try:
        shown = system.read(path, LARGEST)
        text = claimed(shown, ours)
        if text is not None and text != shown:
            system.write(path, text, 0o644)
    except OSError:
        pass  # there is none yet, or a file system that never writes in place is full
