"""Roots: what is not collected, and all that it needs. Each is a small text file.

.roots/NAME      line 1: the entry; line 2, if there: a path, and it counts as long as that is
"""

from __future__ import annotations

import os

from enve_fire.core import title as titles
from enve_fire.core.trouble import USAGE, Trouble
from enve_fire.store import trust
from enve_fire.store.entry import ROOTS
from enve_fire.tree.written import replace
from enve_pm.core.lean import namedtuple
from enve_pm.shell.state.handle import sync_folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterator

LONGEST = 255  # bytes of a file's name

# name; entry: its name; path: what it lives with ("": it stays until it is dropped); file
Root = namedtuple("Root", "name entry path file")


def put(shelf: str, name: str, entry: str, path: str = "") -> None:
    """Raises Trouble, OSError."""
    file = "%s/%s/%s" % (shelf, ROOTS, _quoted(name))
    if "\n" in path or (path and not path.startswith("/")):
        raise Trouble(USAGE, "wanted an absolute path that the root lives with, found %r" % path)
    text = "%s\n%s\n" % (entry, path) if path else entry + "\n"
    replace(file, text.encode(), 0o644, sync=True)
    sync_folder(os.path.dirname(file))


def drop(shelf: str, name: str) -> bool:
    """Whether there was one."""
    try:
        os.unlink("%s/%s/%s" % (shelf, ROOTS, _quoted(name)))
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def read(shelf: str, me: int) -> Iterator[Root]:
    """Those that count; one whose path is gone does not."""
    folder = shelf + "/" + ROOTS
    if not trust.inner(folder, me):
        return
    for file in sorted(os.listdir(folder)):
        found = parse(file, trust.read(folder + "/" + file, me) or b"", folder)
        if found and not (found.path and is_gone(found.path)):
            yield found


def parse(file: str, data: bytes, folder: str) -> Root | None:
    """What stands in a file; None for what is no root."""
    text = data.decode("utf-8", "surrogateescape").rstrip("\n")
    entry, _, path = text.partition("\n")
    if file.startswith(".") or titles.parse_entry(entry) is None:
        return None
    return Root(_unquoted(file), entry, path, folder + "/" + file)


def is_gone(path: str) -> bool:
    """Whether nothing is there; where we may not look, something may be."""
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return True
    except OSError:
        pass
    return False


def _quoted(name: str) -> str:
    file = titles.quote(name)
    if not name or len(file) > LONGEST:
        raise Trouble(USAGE, "wanted a name of 1 to %d characters for a root" % LONGEST)
    return file


def _unquoted(file: str) -> str:
    try:
        return titles.unquote(file)
    except ValueError:
        return file
