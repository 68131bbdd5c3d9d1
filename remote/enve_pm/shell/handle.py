"""What is done with an open descriptor: all of some bytes written to it, and one without a name."""

from __future__ import annotations

import os


def write_all(handle: int, data: bytes) -> None:
    """Write all of it, in however many pieces that takes. Raises OSError (disk full)."""
    view = memoryview(data)
    while view:
        view = view[os.write(handle, view) :]


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
