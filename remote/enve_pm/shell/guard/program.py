"""Where this program lies, and the command line that starts a program of that kind."""

from __future__ import annotations

import os
import sys

import enve_pm

HASH = frozenset("0123456789abcdef")


def here() -> str:
    """The folder (or zip) that this program runs from: HOME/lib/HASH on a node."""
    return os.path.dirname(os.path.dirname(os.path.abspath(enve_pm.__file__)))


def argv(place: str, *arguments: str) -> list[str]:
    """The command line of the program at a place, run by this very interpreter."""
    file = f"{place}/enve_pm/__main__.py"
    start = file if os.path.isfile(file) else place
    return [sys.executable, "-I", "-S", start, *arguments]


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
