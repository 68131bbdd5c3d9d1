"""An open file, piece by piece."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterator, Optional

PIECE = 1 << 18  # bytes


def pieces(handle: int, most: Optional[int] = None) -> Iterator[bytes]:
    """What is left to read; `most`: so many bytes of it. Raises OSError."""
    while most is None or most > 0:
        piece = os.read(handle, PIECE if most is None else min(most, PIECE))
        if not piece:
            return
        yield piece
        most = None if most is None else most - len(piece)


def sha256_of(handle: int) -> str:
    """In hex, of all of a file, which is at its beginning then. Raises OSError."""
    from enve_pm.core.digest import for_size

    found = for_size(os.fstat(handle).st_size)
    os.lseek(handle, 0, os.SEEK_SET)
    for piece in pieces(handle):
        found.update(piece)
    os.lseek(handle, 0, os.SEEK_SET)
    return str(found.hexdigest())
