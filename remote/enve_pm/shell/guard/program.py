"""Where this program lies, and the command line that starts a program of that kind.

What pm starts runs on pm's own Python while that is there; an upgrade of the node may take it away.
Who comes in our place, after a reexec or a death, runs on the one that deploy found last.
"""

from __future__ import annotations

import os
import sys

import enve_pm

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

HASH = frozenset("0123456789abcdef")
FOLDERS = ("/usr/local/bin", "/usr/bin")
# The name without a number may be one that is too old, as the python3 of some distributions is.
NAMES = (*("python3.%d" % minor for minor in range(13, 7, -1)), "python3")
PYTHONS = tuple(f"{folder}/{name}" for name in NAMES for folder in FOLDERS)


def here() -> str:
    """The folder (or zip) that this program runs from: HOME/lib/HASH on a node."""
    return os.path.dirname(os.path.dirname(os.path.abspath(enve_pm.__file__)))


def argv(place: str, *arguments: str) -> list[str]:
    """The command line of the program at a place."""
    return [_working(sys.executable, _deployed(place)), *_words(place), *arguments]


def stages(place: str, *arguments: str) -> list[str]:
    """The command line of the program beside it, that fetches, builds, installs and sets up."""
    file = place + "/enve_fire/__main__.py"
    return [_working(sys.executable, _deployed(place)), "-I", "-S", file, *arguments]


def successor(place: str, *arguments: str) -> list[str]:
    """Likewise, of one that comes in our place."""
    return [_working(_deployed(place), sys.executable), *_words(place), *arguments]


def still(command: Sequence[str]) -> list[str]:
    """A command line of before, with a Python that is there."""
    if command[0] != sys.executable:
        return list(command)
    return [_working(sys.executable, _deployed(here())), *command[1:]]


def _words(place: str) -> list[str]:
    file = f"{place}/enve_pm/__main__.py"
    return ["-I", "-S", file if os.path.isfile(file) else place]


def _working(*wanted: str) -> str:
    """The first Python that is there; where none of them is, any that the node has."""
    for path in (*wanted, *PYTHONS):
        if path and os.access(path, os.X_OK):
            return path
    return sys.executable


def _deployed(place: str) -> str:
    """What HOME/lib/python says; empty: nothing, or nothing that we may read."""
    try:
        with open(f"{os.path.dirname(place)}/python", encoding="utf-8") as file:
            path = file.readline(4096).rstrip("\n") if home_of(place) else ""
    except (OSError, UnicodeDecodeError):
        return ""
    return path if os.path.isabs(path) else ""


def wanted(home: str) -> str:
    """The program that should run, as HOME/lib/current says; this one when it says nothing."""
    try:
        with open(f"{home}/lib/current", encoding="ascii") as file:
            name = file.read(64).strip()
    except (OSError, UnicodeDecodeError):
        return here()
    place = f"{home}/lib/{name}"
    return place if name and HASH.issuperset(name) and os.path.isdir(place) else here()


def home_of(place: str) -> str:
    """The HOME whose lib/ holds a program, "" when it lies elsewhere."""
    lib = os.path.dirname(place)
    return os.path.dirname(lib) if os.path.basename(lib) == "lib" else ""
