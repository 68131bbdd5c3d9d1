"""What pm placed in a spot's directory: the record of it, kept there, and its removal.

The record lies where the spot's user may write: what it says is only ever followed below that
directory, step by step without links, and with that user's rights.
"""

from __future__ import annotations

import os

from enve_pm.core import shape
from enve_pm.core.canonical import dumps, loads
from enve_pm.core.fields import TREE
from enve_pm.core.lean import namedtuple
from enve_pm.core.refusal import FormatError
from enve_pm.shell.state.handle import write_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterable

    from enve_pm.shell.state.folder import Folder

__all__ = [
    "NEW",
    "NOTHING",
    "OLD",
    "PRODUCT",
    "TREE",
    "UNFINISHED",
    "Placed",
    "clear",
    "drop",
    "read",
    "write",
]

RECORD = ".placed"
RECORD_SIZE = 1 << 20
PRODUCT = "product"
NEW = ".product.new"
OLD = ".product.old"

UNFINISHED = "unfinished"  # in place of a product's hash: one of two stands there

# files: paths below the spot · product: sha256 of what was unpacked, or empty
Placed = namedtuple("Placed", "files product")
NOTHING = Placed([], "")


def read(spot: Folder) -> Placed:
    """What was placed last; nothing when that cannot be read."""
    try:
        handle = spot.read(RECORD)
    except OSError:
        return NOTHING
    try:
        value = shape.fields(loads(os.read(handle, RECORD_SIZE)), RECORD, ("files", "product"))
        files = shape.items(value["files"], "files", _path, 65536)
        return Placed(files, shape.text(value["product"], "product", empty=True))
    except FormatError:
        return NOTHING
    finally:
        os.close(handle)


def _path(value: Any, where: str) -> str:
    path = shape.text(value, where, 4096)
    if any(step in ("", ".", "..") for step in path.split("/")):
        raise FormatError("%s: wanted a path below the spot" % where)
    return path


def write(spot: Folder, placed: Placed) -> None:
    """Keep the record; nothing placed, no record. Raises OSError."""
    if placed == NOTHING:
        spot.remove(RECORD)
        return
    new = RECORD + ".new"
    spot.unlink(new)
    handle = spot.create(new)
    try:
        write_all(handle, dumps({"files": placed.files, "product": placed.product}))
        os.fsync(handle)
    finally:
        os.close(handle)
    spot.rename(new, RECORD)


def drop(spot: Folder, paths: Iterable[str]) -> None:
    """Remove these files, and the folders above each that are empty then."""
    for path in paths:
        _drop_one(spot, path.split("/"))


def _drop_one(spot: Folder, steps: list[str]) -> None:
    try:
        with spot.reach(steps[:-1], make=False) as folder:
            folder.unlink(steps[-1])
        while len(steps) > 1:
            steps = steps[:-1]
            with spot.reach(steps[:-1], make=False) as folder:
                os.rmdir(steps[-1], dir_fd=folder.fd)
    except OSError:
        return  # it was changed by its user: no longer ours to clear


def clear(spot: Folder) -> None:
    """Remove all that was placed; what the unit itself wrote stays. Raises OSError."""
    placed = read(spot)
    drop(spot, placed.files)
    for name in (NEW, OLD, PRODUCT) if placed.product else (NEW, OLD):
        spot.remove(name)
    spot.remove(RECORD)
