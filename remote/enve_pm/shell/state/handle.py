"""What is done with an open descriptor: bytes read and written in however many pieces, a folder's
names made to last, and a file without a name."""

from __future__ import annotations

import os


def write_all(handle: int, data: bytes) -> None:
    """Write all of it, in however many pieces that takes. Raises OSError (disk full)."""
    view = memoryview(data)
    while view:
        view = view[os.write(handle, view) :]


def read_all(handle: int, limit: int) -> bytes:
    """What is there up to the end, or to so many bytes. Raises OSError."""
    chunks, size = [], 0
    while size < limit:
        chunk = os.read(handle, min(65536, limit - size))
        if not chunk:
            break
        chunks.append(chunk)
        size += len(chunk)
    return b"".join(chunks)


def sync_folder(path: str) -> None:
    """Make the names in a folder last. Raises OSError."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def nameless(folder: str) -> int:
    """A file that nobody else can open, closed on exec: in memory, or, on an old system, in that
    folder. Raises OSError."""
    if hasattr(os, "memfd_create"):
        try:
            return os.memfd_create("pm", os.MFD_CLOEXEC)
        except OSError:
            pass  # an old kernel
    path = "%s/.pm-%s" % (folder, os.urandom(8).hex())
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    os.unlink(path)
    return handle
