"""The unit of a line. One that a plan brings is read by the policy, under the ceilings and by pm,
one right after the other: what the first has read of it is kept for them until that is over.
"""

from __future__ import annotations

from enve_pm.core.quick import loads
from enve_pm.core.unit import UnitSpec

_NEW: dict[str, UnitSpec] = {}


def read(line: str) -> UnitSpec:
    """Raises FormatError, UnitError."""
    return _NEW.get(line) or UnitSpec.parse(loads(line.encode("utf-8")))


def judge(line: str) -> UnitSpec:
    """One that nobody has looked at yet: it must be canonical too, and is kept. Raises FormatError,
    UnitError."""
    _NEW[line] = UnitSpec.parse(loads(line.encode("utf-8"), canonical=True))
    return _NEW[line]


def forget() -> None:
    """Nobody else will read what was new."""
    _NEW.clear()
