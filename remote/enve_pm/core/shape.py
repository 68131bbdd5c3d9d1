"""Checks for parsed JSON: each returns the value that it was given, or says what was wanted where.

`where` is a short path for people, such as `head.bases[3]`.
"""

from __future__ import annotations

from enve_pm.core.refusal import FormatError, VersionError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Iterable, TypeVar

    T = TypeVar("T")

_HEX = frozenset("0123456789abcdef")
_NAME = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-")


def fields(value: Any, where: str, required: Iterable[str], optional: Iterable[str] = ()) -> Any:
    """An object with all of the required keys, and no key that is not named here."""
    if not isinstance(value, dict):
        raise FormatError("%s: wanted an object, found %s" % (where, _kind(value)))
    missing = [key for key in required if key not in value]
    if missing:
        raise FormatError("%s: the key %r is missing" % (where, missing[0]))
    known = set(required) | set(optional)
    strange = sorted(key for key in value if key not in known)
    if strange:
        raise FormatError("%s: unknown key %r" % (where, strange[0][:64]))
    return value


def text(value: Any, where: str, limit: int = 255, empty: bool = False) -> str:
    """A string of at most `limit` characters, without a NUL."""
    if not isinstance(value, str) or len(value) > limit or "\0" in value:
        raise FormatError("%s: wanted a text of at most %d characters" % (where, limit))
    if not value and not empty:
        raise FormatError("%s: wanted a text that is not empty" % where)
    return value


def word(value: Any, where: str) -> str:
    """A name that is safe as one part of a path: `[A-Za-z0-9_-]{1,64}`."""
    if not isinstance(value, str) or not 0 < len(value) <= 64 or not _NAME.issuperset(value):
        raise FormatError("%s: wanted a name of letters, digits, '_', '-' (at most 64)" % where)
    return value


def integer(value: Any, where: str, low: int = 0, high: int = 2**53 - 1) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise FormatError("%s: wanted an integer from %d to %d" % (where, low, high))
    return value


def flag(value: Any, where: str) -> bool:
    if not isinstance(value, bool):
        raise FormatError("%s: wanted true or false" % where)
    return value


def hexadecimal(value: Any, where: str, length: int) -> str:
    """Exactly `length` hexadecimal digits in lower case."""
    if not isinstance(value, str) or len(value) != length or not _HEX.issuperset(value):
        raise FormatError("%s: wanted %d hexadecimal digits in lower case" % (where, length))
    return value


def fingerprint(value: Any, where: str) -> str:
    """An OpenPGP key of version 4: 40 hexadecimal digits, given back in upper case."""
    return hexadecimal(text(value, where, 40).lower(), where, 40).upper()


def choice(value: Any, where: str, words: Iterable[str]) -> str:
    if not isinstance(value, str) or value not in words:
        raise FormatError("%s: wanted one of %s" % (where, " ".join(words)))
    return value


def boolean(value: Any, where: str) -> bool:
    if not isinstance(value, bool):
        raise FormatError("%s: wanted true or false" % where)
    return value


def items(value: Any, where: str, check: Callable[[Any, str], T], limit: int = 1024) -> list[T]:
    """A list whose every item passes `check`."""
    if not isinstance(value, list) or len(value) > limit:
        raise FormatError("%s: wanted a list of at most %d items" % (where, limit))
    return [check(item, "%s[%d]" % (where, at)) for at, item in enumerate(value)]


def table(
    value: Any, where: str, check: Callable[[Any, str], T], limit: int = 65536
) -> dict[str, T]:
    """An object of free keys whose every value passes `check`."""
    if not isinstance(value, dict) or len(value) > limit:
        raise FormatError("%s: wanted an object of at most %d keys" % (where, limit))
    return {key: check(item, "%s.%s" % (where, key[:80])) for key, item in value.items()}


def version(value: Any, where: str) -> int:
    """The only version that this program speaks."""
    if value != 1 or isinstance(value, bool):
        raise VersionError("%s: wanted version 1, found %r" % (where, value))
    return 1


def _kind(value: Any) -> str:
    return "null" if value is None else type(value).__name__
