"""Folders for us alone, whatever the umask is: state, keys of hosts, packed files."""

from __future__ import annotations

from pathlib import Path


def make_folder(path: Path) -> None:
    """Make it, and each one that is missing above it, 0700 (`mkdir -p` would give that mode only to
    the last one: who may write above it could put another in its place). Raises OSError."""
    if path.is_dir():
        return
    make_folder(path.parent)
    try:
        path.mkdir(mode=0o700)
    except FileExistsError:
        if not path.is_dir():  # another enve may have made it just now
            raise
