"""What there is of a product already: in the store, or in that of somebody who serves it."""

from __future__ import annotations

from enve_fire.fetch.web.served import served

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from enve_fire.stage.context import Context
    from enve_fire.stage.identity import Identity
    from enve_fire.store.entry import Entry
    from enve_fire.store.wanted import Wanted


class Had:
    """Everything raises Trouble, OSError."""

    def __init__(self, ctx: Context, known: Identity) -> None:
        self._ctx = ctx
        self._known = known
        self._asked: set[str] = set()  # what others were asked for

    def find(self, wanted: Callable[[bool], Wanted]) -> Entry | None:
        """What all may read, else what is ours alone: only what is private makes such. `wanted`:
        by whether it is."""
        found: Entry | None = self._ctx.store.find(wanted(False))
        if found is None and self._known.hidden:
            found = self._ctx.store.find(wanted(True))
        return found

    def served(self, wanted: Wanted) -> Entry | None:
        """What somebody else has made of what everybody can fetch; asked once."""
        if not self._ctx.store.webs or wanted.name in self._asked or self._known.hidden:
            return None
        self._asked.add(wanted.name)
        return served(wanted, self._ctx.store, self._ctx.how)
