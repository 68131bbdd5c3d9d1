"""What everything is cached by: a short hash of a text that says all that it depends on.

`hash_of(tag, value)` is 32 characters of lower-case base32 (RFC 4648, no padding): the first 20
bytes of the SHA-256 of tag, NUL and the value's canonical JSON (`enve_pm.core.canonical`).
"""

from __future__ import annotations

from enve_pm.core.digest import sha256

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

FORMAT = 1  # stands in every object that is hashed; another one is a cold cache, no wrong hit
LENGTH = 32
BYTES = 20
ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"


def hash_of(tag: str, value: Any) -> str:
    """Raises FormatError for a value that canonical JSON has no text for, such as a float."""
    from enve_pm.core.canonical import dumps  # not needed to look at a folder again

    return hash_of_bytes(tag, dumps(value))


def hash_of_bytes(tag: str, data: bytes) -> str:
    """Of a text that is canonical already, or that only its bytes matter of."""
    return base32(sha256(tag.encode() + b"\0" + data).digest()[:BYTES])


def base32(data: bytes) -> str:
    """Lower-case, without padding; the length of `data` is a multiple of 5."""
    number = int.from_bytes(data, "big")
    letters = []
    for _ in range(len(data) * 8 // 5):
        letters.append(ALPHABET[number & 31])
        number >>= 5
    return "".join(reversed(letters))


def is_hash(text: str) -> bool:
    return len(text) == LENGTH and set(text) <= set(ALPHABET)
