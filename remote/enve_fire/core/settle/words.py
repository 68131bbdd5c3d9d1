"""Checks of single values under `settle` of a profile: each gives the value, or raises Bad."""

from __future__ import annotations

from enve_pm.core.fieldcheck import Bad, place, text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

_NAME = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_-")
_SUITE = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._+-")


def absolute(value: Any) -> Any:
    place(value)
    if not value.startswith("/"):
        raise Bad("an absolute path", value)
    return value


def _word(letters: frozenset[str], wanted: str) -> Callable[[Any], Any]:
    def check(value: Any) -> Any:
        good = isinstance(value, str) and 0 < len(value) <= 64 and letters.issuperset(value)
        if not good or value.startswith("-"):
            raise Bad(wanted, value)
        return value

    return check


def mirror(value: Any) -> Any:
    """A url that debootstrap fetches from."""
    text(1024)(value)
    if not value.startswith(("http://", "https://", "file:///")) or not value.isprintable():
        raise Bad("a url (http, https, file)", value)
    if " " in value:
        raise Bad("a url without blanks", value)
    return value


def line(value: Any) -> Any:
    """A field of passwd."""
    absolute(value)
    if ":" in value:
        raise Bad("a path without :", value)
    return value


user_name = _word(_NAME, "a user's name (a-z 0-9 _ -)")
package = _word(_SUITE, "a word of letters, digits and . _ + -")
