"""Sub-pms, and all that goes down to them and comes up: loaded with the first one. Most pms have
none."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Mapping, Sequence
    from typing import Any

    from enve_pm.core.effects import Signal, Spawn
    from enve_pm.core.unit import UnitSpec
    from enve_pm.resource.nestedmarch import NestedMarch, Spots
    from enve_pm.resource.relay import Relay
    from enve_pm.resource.run import Run
    from enve_pm.resource.subpm import SubPms
    from enve_pm.wire.command import Command

    Parts = tuple[SubPms, Relay, NestedMarch]


class Below:
    """`make` makes what there is to it; each method does what that of the part does."""

    def __init__(self, make: Callable[[], Parts]) -> None:
        self._make = make
        self._parts: Parts | None = None

    def parts(self) -> Parts:
        """All of it, from now on."""
        if self._parts is None:
            self._parts = self._make()
        return self._parts

    # -- what the machine asks for -----------------------------------------------------------------
    def spawn(self, effect: Spawn, spec: UnitSpec) -> None:
        self.parts()[0].spawn(effect, spec)

    def signal(self, effect: Signal, spec: UnitSpec) -> None:
        self.parts()[0].signal(effect, spec)

    # -- what others ask for -----------------------------------------------------------------------
    def hand_down(self, lines: dict[str, str], march: bool) -> None:
        if lines or self._parts:
            self.parts()[0].down.below(lines, march)

    def by_hand(self) -> Iterable[str]:
        return self._parts[0].up.by_hand() if self._parts else ()

    def progress(
        self, names: Sequence[str], dropped: Container[str] = ()
    ) -> tuple[Spots, bool, bool]:
        return self.parts()[2].progress(names, dropped) if names else ({}, True, True)

    def take(self, order: Command) -> None:
        self.parts()[1].take(order)

    def over(self, run: Run) -> None:
        if self._parts:
            self._parts[0].over(run)

    def drop(self, unit: str) -> None:
        if self._parts:
            self._parts[0].drop(unit)

    # -- over a change of program ------------------------------------------------------------------
    @property
    def quiet(self) -> bool:
        return self._parts is None or self._parts[0].down.quiet

    def fds(self) -> list[int]:
        return self._parts[0].fds() if self._parts else []

    def dump(self) -> dict[str, Any]:
        """As keys of the whole state."""
        rows: Any = [part.dump() for part in self._parts] if self._parts else ({}, {}, {})
        return dict(zip(KEYS, rows))  # noqa: B905  (not in Python 3.8)

    def restore(self, state: Mapping[str, Any]) -> None:
        if any(state[key] for key in KEYS):
            parts: Any = self.parts()
            for part, key in zip(parts, KEYS):  # noqa: B905
                part.restore(state[key])


KEYS = ("subs", "relay", "nested")
