"""What of a folder is no source: `.git`, `.enve*`, its profile, and what its `.enveignore` names.

Of the profile the sections count that are rendered from it: what only a setup uses builds nothing.

One pattern a line; `#` begins a comment. `*` and `?` stand for anything within a name, `**` for
anything, `[ab]` for one of these. A pattern without a slash means a name anywhere, another one a
path from the top. What is below a folder that is left out is left out too.
"""

from __future__ import annotations

import os
import stat

from enve_fire.core.trouble import INPUT, Trouble
from enve_fire.tree.walk import FILE, FOLDER
from enve_pm.shell.state.handle import read_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Pattern

    from enve_fire.tree.walk import Skip

NAME = b".enveignore"
PROFILES = (b"enve.yml", b"enve.conf")  # at the top; below it they are anybody's
RENDERED = b"enve.json"  # likewise, where neither of these is
LONGEST = 65536  # bytes


def of(folder: int) -> Skip:
    """For a folder that is held open. Raises Trouble, OSError."""
    lines = [line.strip() for line in _read(folder).splitlines()]
    patterns = [line for line in lines if line and not line.startswith(b"#")]
    found = _compiled(patterns) if patterns else None
    profiles = PROFILES if any(_is_there(name, folder) for name in PROFILES) else (RENDERED,)

    def skip(path: bytes) -> bool:
        if path in profiles or _is_own(path):
            return True
        return found is not None and found.match(path) is not None

    return skip


def counts(path: str, folder: str) -> bool:
    """Whether a file is one of the source that a folder is. Raises Trouble, OSError."""
    top = os.path.realpath(folder)
    steps = os.fsencode(os.path.relpath(os.path.realpath(path), top)).split(b"/")
    if steps[0] == b"..":
        return False
    handle = os.open(top, FOLDER)
    try:
        skip = of(handle)
    finally:
        os.close(handle)
    return not any(skip(b"/".join(steps[:end])) for end in range(1, len(steps) + 1))


def _is_there(name: bytes, folder: int) -> bool:
    try:
        os.lstat(name, dir_fd=folder)
    except FileNotFoundError:
        return False
    return True


def _is_own(path: bytes) -> bool:
    name = path.rpartition(b"/")[2]
    return name.startswith(b".") and (name == b".git" or name.startswith(b".enve"))


def _read(folder: int) -> bytes:
    try:
        handle = os.open(NAME, FILE, dir_fd=folder)
    except FileNotFoundError:
        return b""
    try:
        regular = stat.S_ISREG(os.fstat(handle).st_mode)
        data = read_all(handle, LONGEST + 1) if regular else b""
    finally:
        os.close(handle)
    if len(data) > LONGEST:
        raise Trouble(INPUT, ".enveignore: longer than %d bytes" % LONGEST)
    return data


def _compiled(patterns: list[bytes]) -> Pattern[bytes]:
    import re

    try:
        return re.compile(b"|".join(map(_expression, patterns)), re.DOTALL)
    except re.error as error:
        raise Trouble(INPUT, ".enveignore: no pattern: %s" % error) from None


def _expression(pattern: bytes) -> bytes:
    import re

    text = pattern.strip(b"/")
    lead = b"" if b"/" in pattern.rstrip(b"/") else b"(?:.*/)?"
    pieces = re.split(rb"(\*\*/|\*\*|\*|\?|\[[^]/]+\])", text)
    return b"(?:%s%s)\\Z" % (lead, b"".join(map(_piece, pieces)))


def _piece(piece: bytes) -> bytes:
    import re

    plain = {b"**/": b"(?:.*/)?", b"**": b".*", b"*": b"[^/]*", b"?": b"[^/]"}
    if piece in plain:
        return plain[piece]
    if piece.startswith(b"[") and piece.endswith(b"]") and len(piece) > 2:
        inner = piece[1:-1].replace(b"\\", b"\\\\").replace(b"[", b"\\[")
        return b"[^/%s]" % inner[1:] if inner.startswith(b"!") else b"[%s]" % inner
    return re.escape(piece)
