"""public/status.json: every unit's state in one file, so that a listing of a node is one read.

The text of each unit is kept and only made anew when the unit changed; the whole is put together
when it is written, at most once in a while: a storm of changes costs one file now and then.
"""

from __future__ import annotations

from _json import encode_basestring as quote

from enve_pm.core.canonical import dumps
from enve_pm.core.lean import namedtuple
from enve_pm.shell.state.claim import SPARE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# A unit as it is shown (contracts, section 5); the fields stand in the order of canonical JSON, and
# `waits_for` is there only where it says something.
Row = namedtuple(
    "Row", "detail drift kind pid restarts result since stale state waits_for want why"
)
_ROW = (
    '{"detail":%s,"drift":%s,"kind":"%s","pid":%d,"restarts":%d,"result":%s,"since":%d,'
    '"stale":"%s","state":"%s",%s"want":"%s","why":%s}'
)


def encode(row: Row) -> bytes:
    """The row in canonical JSON; by hand, as it is made at each change of each unit."""
    text = _ROW % (
        _quoted(row.detail),
        "true" if row.drift else "false",
        row.kind,
        row.pid,
        row.restarts,
        _quoted(row.result),
        row.since,
        row.stale,
        row.state,
        '"waits_for":%s,' % _quoted(row.waits_for) if row.waits_for else "",
        row.want,
        _quoted(row.why),
    )
    return text.encode("utf-8", "backslashreplace")


def _quoted(text: str) -> str:
    return '""' if not text else str(quote(text))


class Status:
    """The text. `head`: pid, start, boot, version, hash of the program that is alive."""

    def __init__(self, head: dict[str, Any]) -> None:
        self._head = head
        self._units: dict[str, bytes] = {}
        self._order: list[str] | None = None

    def set(self, unit: str, row: Row) -> None:
        if unit not in self._units:
            self._order = None
        self._units[unit] = dumps(unit) + b":" + encode(row)

    def drop(self, unit: str) -> None:
        if self._units.pop(unit, None) is not None:
            self._order = None

    def render(self, wall: int) -> bytes:
        """The file: canonical JSON, as `dumps` of the whole would give it, and blanks (`claim`)."""
        if self._order is None:
            self._order = sorted(self._units)
        marker = dumps({**self._head, "v": 1, "wall": wall, "units": {}})
        # The keys stand in order: after "units" only "v", "version" and "wall" come.
        before, _, after = marker.partition(b'"units":{}')
        # One text, made once: of very many units each copy would be some megabytes.
        pieces = [before, b'"units":{']
        for unit in self._order:
            pieces += (self._units[unit], b",")
        if self._order:
            pieces.pop()
        return b"".join([*pieces, b"}", after, SPARE, b"\n"])
