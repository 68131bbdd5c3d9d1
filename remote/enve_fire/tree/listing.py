"""What was in a tree, as rows that a mark keeps, and what differs from it now.

[path, sha256 | "->" and where the link leads | "/" of a folder, mode]
"""

from __future__ import annotations

import os
import stat

from enve_fire.tree.contents import contents, sum_of
from enve_fire.tree.difference import CHANGED, EXTRA, KIND, MISSING, MODE, UNREADABLE, Difference
from enve_fire.tree.names import real, shown
from enve_fire.tree.pace import quiet
from enve_fire.tree.walk import FILE, top, walk
from enve_pm.shell.state.folder import Folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Sequence

    from enve_fire.tree.contents import Row
    from enve_fire.tree.pace import Tell

    Listed = Sequence[Any]  # [path, content, mode]

LINK = "->"
IS_FOLDER = "/"
_MISSING = (FileNotFoundError, NotADirectoryError)


def listing(folder: str, skip: Any = None, tell: Tell = quiet) -> list[Listed]:
    """Sorted by the bytes of the paths; arguments and errors as of `contents`."""
    return rows_of(contents(folder, "", skip, tell))


def paths(folder: str) -> list[str]:
    """Of what is there now, sorted. Raises Trouble, OSError."""
    with Folder(top(folder)) as root:
        return sorted(shown(path) for _, path, _, _ in walk(root.fd))


def rows_of(rows: Sequence[Row]) -> list[Listed]:
    return [[shown(path), _content(state, said), _mode(state)] for path, state, said in rows]


def rows_read(value: Any) -> list[Listed]:
    """Rows that come from a file. A path may begin with a slash (of the root); no step of it leads
    elsewhere. Raises ValueError."""
    if not isinstance(value, list):
        raise ValueError("wanted a list of files")
    for row in value:
        if not _is_row(row):
            raise ValueError("wanted [path below the root, content, mode], found %.80r" % (row,))
    return value


def _is_row(row: Any) -> bool:
    if not isinstance(row, list) or [type(one) for one in row] != [str, str, int]:
        return False
    path, _, mode = row
    path = real(path[1:] if path.startswith("/") else path)
    steps = {b"", b".", b".."}.intersection(path.split(b"/"))
    return 0 <= mode <= 0o7777 and b"\0" not in path and not steps


def _content(state: os.stat_result, said: bytes) -> str:
    if stat.S_ISDIR(state.st_mode):
        return IS_FOLDER
    return LINK + shown(said) if stat.S_ISLNK(state.st_mode) else said.decode()


def _mode(state: os.stat_result) -> int:
    """Links have none that anybody could change."""
    return 0 if stat.S_ISLNK(state.st_mode) else stat.S_IMODE(state.st_mode)


def compare(listing: Sequence[Listed], folder: str) -> list[Difference]:
    """What is not as listed; what is not listed is not looked at. Raises OSError where the folder
    itself is not there."""
    with Folder(top(folder)) as root:
        found = [_difference(root, row) for row in listing]
    return [one for one in found if one is not None]


def drift(listing: Sequence[Listed], folder: str) -> list[Difference]:
    """As `compare`; and what is not listed."""
    known = {row[0] for row in listing}
    more = [Difference(path, EXTRA) for path in paths(folder) if path not in known]
    return compare(listing, folder) + more


def _difference(root: Folder, row: Listed) -> Difference | None:
    path, content, mode = row
    steps = [os.fsdecode(step) for step in real(path).split(b"/")]
    try:
        with root.reach(steps[:-1], make=False) as inner:
            state = inner.stat(steps[-1])
            if _kind(content) != stat.S_IFMT(state.st_mode):
                return Difference(path, KIND)
            if _now(inner, steps[-1], state) != content:
                return Difference(path, CHANGED)
    except _MISSING:
        return Difference(path, MISSING)
    except OSError as error:
        return Difference(path, UNREADABLE, str(error.strerror))
    if _mode(state) != mode:
        return Difference(path, MODE, "%o, not %o" % (_mode(state), mode))
    return None


def _kind(content: str) -> int:
    if content == IS_FOLDER:
        return stat.S_IFDIR
    return stat.S_IFLNK if content.startswith(LINK) else stat.S_IFREG


def _now(inner: Folder, name: str, state: os.stat_result) -> str:
    if stat.S_ISDIR(state.st_mode):
        return IS_FOLDER
    if stat.S_ISLNK(state.st_mode):
        return LINK + shown(os.fsencode(os.readlink(name, dir_fd=inner.fd)))
    handle = os.open(name, FILE, dir_fd=inner.fd)
    try:
        return sum_of(handle, state.st_size).decode()
    finally:
        os.close(handle)
