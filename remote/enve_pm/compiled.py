"""The program's modules in one file of compiled code, which deploy makes beside the folders of
sources (`hostinit.compiling`): to find a module costs a quarter of what the search for its own
files does.

    the magic number of the Python that it is for   4 bytes
    the length of the table                         4 bytes, little endian
    the table      "\\n", then of each module "NAME START LENGTH IS-A-PACKAGE\\n"
    the code of each module, marshalled             START counts from the table's end

Where the file is missing, of another Python or not what its table was read of, the modules come
from their own files. It is opened anew for each module: a descriptor that stays open would keep a
mount busy, and be somebody else's in a fork that has closed all.
"""

from __future__ import annotations

import marshal
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec
    from types import ModuleType
    from typing import Any

    _Spec: Any
else:
    _Spec = type(__spec__)  # importlib, which has it, takes 2 ms to load

HEAD = 8  # bytes before the table


def path_of(place: str) -> str:
    """Where the file lies of a program at a place, for the Python that runs this."""
    return "%s/modules.%s" % (place, sys.implementation.cache_tag)


class Modules:
    """A finder and loader of modules."""

    def __init__(self, place: str) -> None:
        """Raises OSError, ImportError, ValueError where there is none that this Python can use."""
        from _frozen_importlib_external import MAGIC_NUMBER

        self._place = place
        self._path = path_of(place)
        self._mark: list[int] = []
        head = self._read(0, HEAD)
        if head[:4] != MAGIC_NUMBER:
            raise ValueError("of another Python")
        length = int.from_bytes(head[4:], "little")
        self._table = self._read(HEAD, length)
        self._begin = HEAD + length

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """Of importlib: None leaves the module to the finders behind this one."""
        at = self._table.find(b"\n%s " % name.encode())
        if at < 0:
            return None
        row = self._table[at + 1 : self._table.index(b"\n", at + 1)].split()
        start, length, package = map(int, row[1:])
        try:
            code = marshal.loads(self._read(self._begin + start, length))  # noqa: S302  (as trusted as a .pyc)
        except (OSError, EOFError, ValueError, TypeError):
            return None
        file = "%s/%s" % (self._place, name.replace(".", "/"))
        origin = file + "/__init__.py" if package else file + ".py"
        spec: ModuleSpec = _Spec(
            name, self, origin=origin, loader_state=code, is_package=bool(package)
        )
        if spec.submodule_search_locations is not None:
            spec.submodule_search_locations.append(file)
        return spec

    def create_module(self, spec: ModuleSpec) -> None:
        """Of importlib: an ordinary module."""

    def exec_module(self, module: ModuleType) -> None:
        """Of importlib: run the module's code, once."""
        spec: Any = module.__spec__
        module.__file__ = spec.origin
        code, spec.loader_state = spec.loader_state, None
        exec(code, module.__dict__)  # noqa: S102

    def _read(self, start: int, length: int) -> bytes:
        """Of the very file that was there at first. Raises OSError, ValueError."""
        handle = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            state = os.fstat(handle)
            mark = [state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns]
            self._mark = self._mark or mark
            data = os.pread(handle, length, start)
        finally:
            os.close(handle)
        if mark != self._mark or len(data) != length:
            raise ValueError("another file, or a part of one")
        return data


def there(place: str) -> bool:
    """Has the program at a place such a file, for this Python?"""
    try:
        Modules(place)
    except (OSError, ImportError, ValueError):
        return False
    return True


def use(place: str) -> None:
    """Import from it what it has, from now on. Nothing changes where there is none."""
    try:
        finder: Any = Modules(place)
    except (OSError, ImportError, ValueError):
        return
    sys.meta_path.insert(0, finder)
