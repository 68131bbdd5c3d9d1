"""Who else can change what lies on a disk. What counts there is root's or ours, and nobody else may
write it: whoever asks that asks it here, of what he has opened or does not follow."""

from __future__ import annotations

import stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os

_OTHERS = stat.S_IWGRP | stat.S_IWOTH


def is_ours(state: os.stat_result, me: int) -> bool:
    """Root's or `me`'s, whoever may write it: enough only within a folder that is trusted."""
    return state.st_uid in (0, me)


def is_closed(state: os.stat_result) -> bool:
    """Nobody but its owner may write it; of a folder: in it."""
    return not state.st_mode & _OTHERS


def is_safe(state: os.stat_result, me: int) -> bool:
    """Root's or `me`'s, and nobody else may write it."""
    return is_ours(state, me) and is_closed(state)


def keeps_names(state: os.stat_result) -> bool:
    """A folder in which nobody can take away, or rename, what is another's: others may not write in
    it, or it has the sticky bit."""
    return stat.S_ISDIR(state.st_mode) and (is_closed(state) or bool(state.st_mode & stat.S_ISVTX))
