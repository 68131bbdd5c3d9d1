"""What the units would be after a batch of commands, before the machine moves."""

from __future__ import annotations

from enve_pm.core import effects, graph, states

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from enve_pm.core.board import Board
    from enve_pm.core.unit import UnitSpec


class Outlook:
    """Asked like a mapping from names to specs; commands are entered one after the other."""

    def __init__(self, board: Board) -> None:
        self.board = board
        self.specs: dict[str, UnitSpec | None] = {}  # defined (None: removed) by the commands
        self.asked: dict[str, tuple[str, bool]] = {}  # want, by hand
        self.new_users: dict[str, list[str]] = {}  # along the edges of the new specs

    def get(self, name: str) -> UnitSpec | None:
        if name in self.specs:
            return self.specs[name]
        unit = self.board.units.get(name)
        return unit.spec if unit and not unit.removing else None

    def may_end(self, event: Any) -> bool:
        """Whether it helps a unit that is being removed to its end."""
        unit = self.board.units.get(event.unit)
        if unit is not None and isinstance(event, effects.Apply):
            return unit.left  # its undo has failed, and is tried again
        return unit is not None and isinstance(event, (effects.Remove, effects.ResetFailed))

    def define(self, name: str, spec: UnitSpec) -> None:
        self.specs[name] = spec
        for other in graph.edges(spec):
            self.new_users.setdefault(other, []).append(name)

    def wanted(self, name: str) -> bool:
        """Whether it is asked for by itself."""
        if name in self.asked:
            return self.asked[name][0] == states.UP
        unit = self.board.units.get(name)
        return unit is not None and (unit.asked == states.UP or bool(unit.called))

    def stopped_by_hand(self, name: str) -> bool:
        if name in self.asked:
            return self.asked[name] == (states.DOWN, True)
        unit = self.board.units.get(name)
        return unit is not None and unit.by_hand and unit.asked == states.DOWN

    def users(self, name: str, kinds: int) -> Iterator[str]:
        """Units with such an edge to it."""
        old = self.board.users.get(name, {})
        new = self.new_users.get(name, [])
        for user in [*old, *(n for n in new if n not in old)]:
            spec = self.get(user)
            if spec is not None and graph.edges(spec).get(name, 0) & kinds:
                yield user
