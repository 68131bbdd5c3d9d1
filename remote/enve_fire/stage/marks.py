"""Marks on the disk: removed before a change, written when it has reached the disk."""

from __future__ import annotations

import os
import stat

from enve_fire.core import mark
from enve_fire.core.trouble import INPUT, Trouble
from enve_fire.tree import trusted, written
from enve_fire.tree.flush import flush
from enve_fire.tree.listing import rows_read
from enve_fire.tree.walk import FILE
from enve_pm.core.refusal import FormatError
from enve_pm.shell.state.handle import read_all, sync_folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Mapping

    from enve_fire.tree.listing import Listed

NEW = ".new"


def read_hash(path: str, me: int = -1) -> str:
    """The hash of what was done; "" where there is no mark that holds. This is all of a no-op.
    `me`: nobody else, but root, may have written it."""
    try:
        return mark.head(_read(path, mark.HEAD_LENGTH, me))
    except OSError:
        return ""


def read_body(path: str) -> dict[str, Any]:
    """What was written; {} where there is no mark, or one that somebody else could write. Raises
    Trouble (INPUT: damaged), OSError."""
    try:
        data = _read(path, mark.LONGEST, os.geteuid())
    except (FileNotFoundError, NotADirectoryError):
        return {}
    try:
        return mark.body(data) if data else {}
    except FormatError as error:
        raise _damaged(path, error) from None


def read_files(path: str) -> list[Listed]:
    """What the stage laid, by a mark (see `read_body`): each path stays below the root."""
    return rows(path, read_body(path))


def rows(path: str, body: Mapping[str, Any]) -> list[Listed]:
    """Of its body. Raises Trouble."""
    try:
        return rows_read(body.get("files", []))
    except ValueError as error:
        raise _damaged(path, error) from None


def _damaged(path: str, error: Exception) -> Trouble:
    hint = "remove it: then the stage is done again"
    return Trouble(INPUT, "%s: a damaged mark: %s" % (path, error), hint)


def read(path: str, me: int) -> bytes:
    """A file that `replace` wrote, if nobody but root and `me` could; else b""."""
    try:
        return _read(path, mark.LONGEST, me)
    except OSError:
        return b""


def _read(path: str, limit: int, me: int = -1) -> bytes:
    """`me`: nobody else, but root, may have written it."""
    handle = os.open(path, FILE)
    try:
        state = os.fstat(handle)
        if not stat.S_ISREG(state.st_mode) or (me >= 0 and not trusted.is_safe(state, me)):
            return b""
        return read_all(handle, limit)
    finally:
        os.close(handle)


def drop(path: str) -> None:
    """Before a change. It is gone for good when this returns."""
    try:
        os.unlink(path)
    except (FileNotFoundError, NotADirectoryError):
        return
    sync_folder(os.path.dirname(path))


def write(path: str, hash_: str, body: Mapping[str, Any]) -> None:
    """After a change: all of it is on the disk before the mark says so. Its folder is made."""
    folder = os.path.dirname(path)
    os.makedirs(folder, 0o755, exist_ok=True)
    flush(folder)
    replace(path, mark.text(hash_, body))
    sync_folder(folder)


def replace(path: str, data: bytes) -> None:
    """A file that is there whole or not at all, also after a crash; all may look what was done."""
    written.replace(path, data, 0o644, sync=True, new=path + NEW)
