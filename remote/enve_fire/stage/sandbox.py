"""Walls around a command: it reads all, writes only where it is told, and has no network."""

from __future__ import annotations

from enve_pm.core.lean import namedtuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

AUTO, NONE, USERNS, BWRAP = KINDS = ("auto", "none", "userns", "bwrap")


class Sandbox(namedtuple("Sandbox", "kind writable network", defaults=((), False))):
    """`kind`: one of KINDS but AUTO; `writable`: folders."""

    __slots__ = ()

    if TYPE_CHECKING:
        kind: str
        writable: Sequence[str]
        network: bool

    def words(self) -> list[str]:
        """What stands before a command."""
        return []

    def enter(self) -> None:
        """What the process does that becomes the command. Raises OSError."""


OPEN = Sandbox(NONE, network=True)
