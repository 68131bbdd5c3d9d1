"""sha256 and sha1 of Python's own: hashlib would bring OpenSSL into the resident program, which
costs 3 MB, for a speed that only large files need; children, which end soon, hash these by it."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hashlib import sha1, sha256
    from typing import Any
else:
    try:
        from _sha1 import sha1

        from _sha2 import sha256  # from Python 3.12 on
    except ImportError:
        try:
            from _sha1 import sha1
            from _sha256 import sha256
        except ImportError:  # a Python that was built without them
            from hashlib import sha1, sha256

__all__ = ["for_size", "sha1", "sha256"]

LARGE = 8 << 20  # bytes that take longer than to load OpenSSL


def for_size(size: int) -> Any:
    """In a child: a sha256 for so many bytes, OpenSSL's where these are many."""
    if size < LARGE:
        return sha256()
    from hashlib import sha256 as quick

    return quick()
