"""An entry that is not there comes into being: somebody else has made it, or we make it."""

from __future__ import annotations

from enve_fire.store import draft, shelf
from enve_fire.store.making import Making
from enve_fire.store.store import miss

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Mapping

    from enve_fire.store.entry import Entry
    from enve_fire.store.making import Method
    from enve_fire.store.store import Report, Store
    from enve_fire.store.wanted import Wanted


def produce(
    store: Store, wanted: Wanted, method: Method | None, report: Report, locked: bool
) -> Entry:
    """`locked`: nobody else can be at it. Raises what the method raises, Trouble, OSError."""
    paths = store.mine(wanted.catalog, wanted.private)
    for path in paths:
        draft.sweep(path, wanted.name, locked)
    path = shelf.roomiest(paths)
    shelf.furnish(path, store.me)
    making = Making(path, wanted, lambda: store.find(wanted), report)
    return making.run(_bring(store, making, method, report))


def _bring(
    store: Store, making: Making, method: Method | None, report: Report
) -> Callable[[str], None]:
    def bring(out: str) -> None:
        making.facts = _brought(store, making.wanted, out, report)
        if making.facts:
            return
        if method is None:
            raise miss(making.wanted)
        report("making %s" % making.wanted.name)
        method(out)

    return bring


def _brought(store: Store, wanted: Wanted, out: str, report: Report) -> Mapping[str, Any]:
    """What is known of one that somebody else has made; {} where nobody has."""
    if not store.webs:
        return {}
    from enve_fire.store.substitute import Substitutes

    return Substitutes(store.webs, store.ring, store.me).bring(wanted, out, report) or {}
