"""The program compiled once for this Python: each module beside its source, as any Python looks for
it, and all of them in one file (see `compiled`), which a start finds sooner.
"""

from __future__ import annotations

import os

from enve_pm import compiled
from enve_pm.hostinit import files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

HEADER = 16  # bytes of a .pyc before its code
MODE = 0o644  # whoever may enter lib/ may read the program


def compile_all(place: str, final: str = "") -> None:
    """For the Python that runs this, without what only readers of the source need: that would stay
    in pm's memory for good. `final`: where the program will lie. What can't be compiled is found
    when it is run."""
    rows, codes = [], []
    for name, path, package in _sources(place):
        code = _compile(path, (final or place) + path[len(place) :])
        if code:
            rows.append((name, len(code), package))
            codes.append(code)
    files.put(compiled.path_of(place), _head(rows) + b"".join(codes), MODE)


def _sources(place: str) -> Iterator[tuple[str, str, bool]]:
    """(the module's name, its file, is it a package?)"""
    for folder, _, names in os.walk(place):
        steps = folder[len(place) + 1 :].split("/") if folder != place else []
        for name in sorted(names):
            if name == "__init__.py":
                yield ".".join(steps), folder + "/" + name, True
            elif name.endswith(".py"):
                yield ".".join([*steps, name[:-3]]), folder + "/" + name, False


def _compile(path: str, shown: str) -> bytes:
    """The code, marshalled; it is in the .pyc too. Nothing where the source is wrong."""
    import py_compile
    from importlib.util import cache_from_source

    target = cache_from_source(path, optimization="")
    if not py_compile.compile(path, target, shown, optimize=2, quiet=2):
        return b""
    os.chmod(target, MODE)  # the umask has no say
    with open(target, "rb") as file:
        return file.read()[HEADER:]


def _head(rows: list[tuple[str, int, bool]]) -> bytes:
    """What stands before the code."""
    from importlib.util import MAGIC_NUMBER

    table, start = b"\n", 0
    for name, length, package in rows:
        table += b"%s %d %d %d\n" % (name.encode(), start, length, package)
        start += length
    return MAGIC_NUMBER + len(table).to_bytes(4, "little") + table
