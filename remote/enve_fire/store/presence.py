"""Whether an entry is there. Where one is replaced it is not, between two renames: whoever looks at
that moment looks again."""

from __future__ import annotations

import os
import time

from enve_fire.store import draft, trust

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable

    from enve_fire.store.entry import Entry

LOOKS, PAUSE = 100, 0.002  # a moment, but of a busy machine
QUIET = 2.0  # seconds without a rename in a folder: nobody is between two of them


def is_there(entry: Entry, me: int, ended: Callable[[], bool]) -> bool:
    """Where it is known and not there, it is being replaced at this moment, or whoever did that was
    killed: `ended` tells."""
    over = False
    for _ in range(LOOKS):
        if trust.entry(entry.path, me):
            return True
        if over or not os.path.lexists(entry.beside(draft.META)):
            return False
        over = ended()
        if not over:
            time.sleep(PAUSE)
    return False


def is_quiet(shelf: str) -> bool:
    """Whether nothing was renamed there lately."""
    return abs(time.time() - os.lstat(shelf).st_mtime) > QUIET
