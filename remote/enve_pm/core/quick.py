"""Strict JSON of a known author, read by the C code that the json package stands on.

`loads` means what that of `canonical` means, several times as fast. It takes the plain cases, and
leaves the others, and what is wrong with a text, to `canonical`. For lines that a key of this node
has signed, or that pm has written: over what breaks off in the middle, that C code loads the json
package, which then stays, and no stranger shall be able to ask for that.
"""

from __future__ import annotations

from _json import encode_basestring, make_encoder, make_scanner
from sys import intern

from enve_pm.core import canonical as slow

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

LONGEST = 17  # characters of an integer below 2**53


def loads(data: bytes, max_depth: int = slow.DEPTH, canonical: bool = False) -> Any:
    """See `canonical.loads`. Raises FormatError."""
    try:
        return _plain(bytes(data).decode("utf-8"), max_depth, canonical)
    except (ValueError, StopIteration, RecursionError):
        return slow.loads(data, max_depth, canonical)


def _plain(text: str, depth: int, canonical: bool) -> Any:
    """Raises ValueError, StopIteration, RecursionError: somebody else shall look."""
    opened = text.count("{") + text.count("[")
    if opened > depth or "\\u" in text:  # too deep, or half a character: not seen from here
        raise ValueError
    value, end = _scan(text, 0)
    if end != len(text) or (canonical and "".join(_write(value, 0)) != text):
        raise ValueError
    return value


class _Rules:
    """How the scanner reads."""

    strict = True  # no control character in a string
    object_hook = None

    @staticmethod
    def object_pairs_hook(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = {intern(key): value for key, value in pairs}
        if len(found) != len(pairs):
            raise ValueError
        return found

    @staticmethod
    def parse_int(digits: str) -> int:
        value = int(digits) if len(digits) <= LONGEST and digits != "-0" else slow.LIMIT
        if not -slow.LIMIT < value < slow.LIMIT:
            raise ValueError
        return value

    @staticmethod
    def parse_float(digits: str) -> float:
        raise ValueError

    parse_constant = parse_float  # NaN, Infinity


_scan = make_scanner(_Rules)  # type: ignore[arg-type]
# What `_scan` gives, with sorted keys and no blanks; nothing else comes, so nobody is asked.
_write = make_encoder(None, repr, encode_basestring, None, ":", ",", True, False, False)
