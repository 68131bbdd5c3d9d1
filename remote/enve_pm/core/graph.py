"""The edges between units: need (hard), want (start it, ignore its failure), after (order only)."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from enve_pm.core.unit import UnitSpec


def find_cycle(specs: Mapping[str, UnitSpec], roots: Iterable[str]) -> list[str]:
    """A cycle that can be reached from the roots (first name = last name), or []."""
    raise NotImplementedError


def order(specs: Mapping[str, UnitSpec]) -> list[str]:
    """All units, what is needed first; equal ones by name."""
    raise NotImplementedError


def tree(
    specs: Mapping[str, UnitSpec], root: str, label: Callable[[str], str] = str
) -> Sequence[str]:
    """`list-dependencies`: the lines of a text tree below `root`; label(name) -> text."""
    raise NotImplementedError
