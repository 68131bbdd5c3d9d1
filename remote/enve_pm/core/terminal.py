"""The key `terminal` of a unit: its process stands on a terminal of its own, which may be joined.

`true`, or `{"rows", "columns"}`: how large it is until somebody joins.
"""

from __future__ import annotations

from enve_pm.core.fieldcheck import Bad, integer, record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

ROWS, COLUMNS = 24, 80
MOST = 1000
TERM = "xterm-256color"  # what it is called in TERM, where the unit's env does not say it


def body(value: Any) -> Any:
    if value is True:
        return value
    if isinstance(value, bool):
        raise Bad("true, or rows and columns", value)
    return _size(value)


_size = record({}, {"rows": integer(1, MOST), "columns": integer(1, MOST)})


def size(value: Any) -> tuple[int, int]:
    """(rows, columns) of a value that `body` has accepted."""
    said = {} if value is True else value
    return said.get("rows", ROWS), said.get("columns", COLUMNS)
