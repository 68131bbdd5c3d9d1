"""`loader` of a unit's line: where its stream comes from, how often, and how much it may be."""

from __future__ import annotations

from enve_pm.core.fieldcheck import Bad, argv, integer, place, record, text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

FILE, URL, COMMAND = SOURCES = ("file", "url", "command")
SCHEMES = ("http://", "https://")
DAY = 86_400_000  # ms
FILES, OTHERS = 5_000, 300_000  # ms: how often, where the line says nothing
SIZE = 64 << 20  # bytes, likewise
LARGEST = 1 << 30


def url(value: Any) -> Any:
    """Checks that it is one that can be shown to everybody."""
    text(2048)(value)
    wanted = "http://HOST[:PORT]/PATH or https://, without #"
    scheme = next((one for one in SCHEMES if value.startswith(one)), "")
    where = value[len(scheme) :].partition("/")[0].partition("?")[0]
    plain = value.isascii() and value.isprintable() and not {" ", "#", "\\"}.intersection(value)
    if not scheme or not where or not plain:
        raise Bad(wanted, value)
    if "@" in where:
        raise Bad("a url without a password, which all could read", "one with @")
    return value


_KEYS = {
    "every": integer(1000, DAY),
    "jitter": integer(0, DAY),
    "size": integer(1024, LARGEST),
}
_RECORDS = {
    FILE: record({FILE: place}, _KEYS),
    URL: record({URL: url}, {**_KEYS, "ca": place}),
    COMMAND: record({COMMAND: argv}, _KEYS),
}


def body(value: Any) -> Any:
    """Exactly one source."""
    found = [key for key in SOURCES if isinstance(value, dict) and key in value]
    if len(found) != 1:
        raise Bad("one of " + " ".join(SOURCES), " ".join(found) or "nothing")
    return _RECORDS[found[0]](value)


def every(body: Mapping[str, Any]) -> int:
    """ms between two looks."""
    return int(body.get("every", FILES if FILE in body else OTHERS))


def jitter(body: Mapping[str, Any]) -> int:
    """ms by which one may be later: any part of that."""
    return int(body.get("jitter", 0 if FILE in body else every(body) // 10))
