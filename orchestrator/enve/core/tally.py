"""A listing in one line, and as an exit code."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from enve.core.grouping import many
from enve.core.verdict import worst
from enve.errors import UNREACHABLE
from enve.model.report import Row
from enve_pm.core.states import STATES

_FIRST = ("RUNNING", "STOPPED")
_ORDER = (*_FIRST, *(state for state in STATES if state not in _FIRST))

_LAST_KNOWN = "last known"  # by a pm that is dead now: it may not be so any more
_UNKNOWN = "unknown"


def footer(rows: Sequence[Row], shown: int) -> str:
    """`12 units on 3 nodes: 9 RUNNING, 2 STOPPED, 1 FAIL; 1 node unreachable`. `shown`: how many
    of the rows the filters left."""
    units = [row for row in rows if row.kind not in ("node", "pm", "removed")]
    nodes = {row.node for row in rows}
    count = Counter(_state(row) for row in units)
    states = [f"{count[s]} {s}" for s in (*_ORDER, _LAST_KNOWN, _UNKNOWN) if count[s]]
    head = f"{many(len(units), 'unit')} on {many(len(nodes), 'node')}"
    some = f", {many(shown, 'row')} shown" if shown != len(rows) else ""
    return f"{head}{some}{': ' if states else ''}{', '.join(states)}{_troubles(rows)}"


def code(rows: Sequence[Row]) -> int:
    """0 when all nodes could be listed, whatever the states are; else the verdict over the
    problems of the others."""
    return worst(row.problem.code for row in rows if row.problem)


def _troubles(rows: Sequence[Row]) -> str:
    count = Counter(_kind(row) for row in rows if row.problem)
    return "".join(f"; {many(number, 'node')} {kind}" for kind, number in sorted(count.items()))


def _state(row: Row) -> str:
    if not row.state:
        return _UNKNOWN
    return row.state if row.alive else _LAST_KNOWN


def _kind(row: Row) -> str:
    return "unreachable" if row.problem and row.problem.code == UNREACHABLE else "not well"
