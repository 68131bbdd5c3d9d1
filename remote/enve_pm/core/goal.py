"""What a client's job waits for."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from enve_pm.core.machine import Machine


class Goal:
    """`verb` as in contracts section 9, or `apply`: every unit settled as it is wanted."""

    __slots__ = ("units", "verb")

    def __init__(self, verb: str, units: Sequence[str]) -> None:
        self.verb = verb
        self.units = tuple(units)

    def outcome(self, machine: Machine) -> tuple[int, str] | None:
        """(retcode of contracts section 9, message) once it is decided; asked after each turn."""
        raise NotImplementedError
