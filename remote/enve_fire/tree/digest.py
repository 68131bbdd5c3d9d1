"""The hash of a folder that somebody works in: by what is in its files, and by which of them may be
run; not by times, owners, nor by what is no source (`tree.ignore`)."""

from __future__ import annotations

import stat

from enve_fire.core.digest import hash_of_bytes
from enve_fire.core.source import WORKED_IN
from enve_fire.tree import ignore
from enve_fire.tree.contents import contents
from enve_fire.tree.pace import quiet

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Sequence

    from enve_fire.tree.contents import Row
    from enve_fire.tree.pace import Tell

_RUN = 0o111
_LINK = stat.S_IFLNK | _RUN  # whatever mode a system gives to links


def tree_hash(folder: str, cache: str = "", skip: Any = ignore.of, tell: Tell = quiet) -> str:
    """`tree:HASH`; arguments as of `contents`. Raises Trouble
    (BUSY: it changes meanwhile), OSError."""
    return hash_of_rows(contents(folder, cache, skip, tell))


def hash_of_rows(rows: Sequence[Row]) -> str:
    """Rows as `contents` gives them."""
    lines = [b"%s\0%o\0%s\0" % (path, _mode(state.st_mode), said) for path, state, said in rows]
    return WORKED_IN + hash_of_bytes("tree", b"".join(lines))


def _mode(mode: int) -> int:
    return _LINK if stat.S_ISLNK(mode) else stat.S_IFMT(mode) | mode & _RUN
