"""What the list says of one unit, for who cannot have what he wants of it."""

from __future__ import annotations

from enve_pm.client import read
from enve_pm.core import address
from enve_pm.core.states import RUNNING, STARTING
from enve_pm.shell import listing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def unit(home: str, name: str) -> dict[str, Any]:
    """Its row in status.json; empty when it has none. Raises Failure."""
    wanted = address.format(read.steps(name))
    for row, found in listing.rows(read.status(home), read.subs(home)):
        if address.format(row) == wanted:
            return dict(found)
    return {}


def not_running(home: str, name: str) -> str:
    """Why it can't be joined now, and what to do; empty: it runs."""
    if not read.alive(read.status(home)):
        return f"pm is not running in {home}; start it with: pm host start"
    state = unit(home, name).get("state", "not there")
    return (
        "" if state in (RUNNING, STARTING) else f"{name} is {state}; start it with: pm start {name}"
    )
