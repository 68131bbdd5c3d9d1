"""sha256 and sha1 of Python's own: hashlib would bring OpenSSL into the resident program, which
costs 3 MB, for a speed that only whole files need (children hash these, by hashlib)."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hashlib import sha1, sha256
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

__all__ = ["sha1", "sha256"]
