"""Files of ours that are there whole or not at all, and stay when the power goes: for state, which
may hold secrets, and for what others are to march."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from enve.errors import MissingError

PAGE = 4096


def replace(path: Path, pieces: Iterable[bytes]) -> None:
    """Write the whole file, 0600 and on disk, before `path` names it. Raises MissingError, and
    what making the pieces raises."""
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise _unwritten(path, error) from None
    try:
        with os.fdopen(handle, "wb") as file:
            file.writelines(pieces)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        raise _unwritten(path, error) from None
    finally:
        with suppress(OSError):
            Path(name).unlink()


def check(path: Path) -> None:
    """Raises MissingError where `replace` certainly could not write: no folder, no right, no room
    for a page."""
    try:
        with tempfile.NamedTemporaryFile(prefix=f".{path.name}.", dir=path.parent) as file:
            file.write(bytes(PAGE))
            file.flush()
    except OSError as error:
        told = f"cannot write {path}: {error.strerror or error}"
        raise MissingError(f"{told}; nothing was signed or sent") from None


def _unwritten(path: Path, error: OSError) -> MissingError:
    return MissingError(f"cannot write {path}: {error.strerror or error}")


def _sync_folder(path: Path) -> None:
    """Make a rename in this folder survive a crash."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
