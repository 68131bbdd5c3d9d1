"""What was written reaches the disk: of the file system that a folder lies on, not of all."""

from __future__ import annotations

import os


def flush(folder: str) -> None:
    """Raises OSError."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        _sync(handle)
    finally:
        os.close(handle)


def _sync(handle: int) -> None:
    try:
        import ctypes

        syncfs = ctypes.CDLL(None, use_errno=True).syncfs
    except (ImportError, AttributeError):  # a small Python; no Linux
        os.sync()
        return
    if syncfs(handle):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
