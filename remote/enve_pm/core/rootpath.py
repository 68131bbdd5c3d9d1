"""A path in the root of another unit: `press:/srv/news`, `[press.1]:/srv/news`. Keys of a mount
and paths of a ceiling may be one, where all else is a path of the machine or of the spot. The unit
is a subroot; or a nested pm, whose sight is meant: of that one can only be read."""

from __future__ import annotations

from enve_pm.core import address
from enve_pm.core.fieldcheck import Bad, place, unit_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Mapping

SIGN = ":/"
KEYS = AT, FROM = "at", "from"  # of a mount


def split(text: str) -> tuple[str, str]:
    """(unit, the path in its root); the unit is empty where this is no such path."""
    quoted = text.startswith("[")
    name, sign, path = text[quoted:].partition("]" + SIGN if quoted else SIGN)
    if not sign or not name or (not quoted and "/" in name):
        return "", text
    return name, "/" + path


def check(value: Any) -> Any:
    """Such a path, or `fieldcheck.place`. Raises Bad."""
    unit, path = split(value) if isinstance(value, str) else ("", value)
    if unit:
        unit_name(unit)
        if not value.startswith("[") and not address.is_plain(unit):
            raise Bad("a unit's name (one that is not plain in brackets)", unit)
    place(path)
    return value


def own(value: Any) -> Any:
    """A path that is none of these. Raises Bad."""
    place(value)
    if split(value)[0]:
        raise Bad("a path that is not in the root of another unit, as a mount's may be", value)
    return value


def units(body: Mapping[str, Any]) -> dict[str, str]:
    """{key of a mount: the unit that it names}"""
    named = {key: split(body[key])[0] for key in KEYS if key in body}
    return {key: unit for key, unit in named.items() if unit}
