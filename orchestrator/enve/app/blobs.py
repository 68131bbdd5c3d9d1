"""The bytes of a blob, out of memory or out of the file where it lies, as they were when signed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from enve.errors import InputError, Where
from enve.model.plan import Blob

CHUNK = 1 << 20  # bytes


def read(blob: Blob) -> bytes:
    """All of a small one. Raises InputError when its file is not what the plan signed."""
    return b"".join(pieces(blob))


def pieces(blob: Blob) -> Iterator[bytes]:
    """The same for one of any size; whether the file is still the same shows at its end."""
    if blob.data is not None:
        yield blob.data
        return
    digest, left = hashlib.sha256(), blob.size
    for data in _chunks(Path(blob.path or "")):
        digest.update(data)
        left -= len(data)
        if left < 0:
            break
        yield data
    if left or digest.hexdigest() != blob.sha256:
        raise InputError("the file changed while it was used", where=Where(str(blob.path)))


def _chunks(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            while data := file.read(CHUNK):
                yield data
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=Where(str(path))) from None
