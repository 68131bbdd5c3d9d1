"""One call for whoever has something costly to make:

path = cache_build("numbers up to 10 million, 2", write_numbers, title="primes")
"""

from __future__ import annotations

import os

from enve_fire.fetch.how import How
from enve_fire.fetch.web.served import get
from enve_fire.store.store import Store
from enve_fire.store.wanted import Wanted
from enve_fire.tree.pace import quiet

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

    from enve_fire.tree.pace import Report


def cache_build(
    text: str,
    method: Callable[[str], None] | None = None,
    *,
    report: Report = quiet,
    store: Store | None = None,
    **how: Any,
) -> str:
    """The folder that was made for a text. `method` fills the empty folder that it is given, where
    there is none yet, or none that is still good; `how`: title, catalog, private, ttl, check,
    mutable, deps (see `Wanted`). Raises Trouble, OSError, and what the method raises."""
    where = Store.of(os.environ) if store is None else store
    return get(Wanted(text, **how), method, where, How(report=report, environ=os.environ)).path
