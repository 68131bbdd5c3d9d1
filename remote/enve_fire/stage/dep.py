"""A product that another one needs."""

from __future__ import annotations

from enve_pm.core.lean import namedtuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


class Dep(namedtuple("Dep", "title where hash entry root")):
    """A product that another needs, and that is there. `where`: its $ROOT$PREFIX · `hash`: of the
    stage that it is needed in · `entry`: CATALOG/HASH-TITLE, its name in the store · `root`: the
    folder of that."""

    __slots__ = ()

    if TYPE_CHECKING:
        title: str
        where: str
        hash: str
        entry: str
        root: str

    @property
    def name(self) -> str:
        """HASH-TITLE"""
        return self.entry.partition("/")[2]


def named(deps: Sequence[Dep]) -> list[tuple[str, str]]:
    """As `environment.variables` takes them."""
    return [(dep.title, dep.where) for dep in deps]
