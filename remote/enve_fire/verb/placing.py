"""Where what was fetched goes, if not only into the store: a copy in somebody's own folder."""

from __future__ import annotations

import os
import tempfile

from enve_fire.core.trouble import USAGE, Trouble


def target(path: str) -> str:
    """Where a copy goes, absolute; "" to leave it in the store. Raises Trouble."""
    if not path:
        return ""
    place = os.path.abspath(path)
    if os.path.islink(place) or not os.path.isdir(place):
        if os.path.lexists(place):
            raise Trouble(USAGE, "%s: wanted a folder that is not there yet, found a file" % place)
    elif os.listdir(place):
        raise Trouble(USAGE, "%s: wanted an empty folder, something is in there" % place)
    return place


def folder(path: str, target: str) -> str:
    """A copy that its user may write to, there at once. Raises Trouble, OSError."""
    if not target:
        return path
    from enve_fire.tree.copy import copy
    from enve_fire.tree.remove import remove

    above = os.path.dirname(target)
    os.makedirs(above, exist_ok=True)
    if (os.path.realpath(above) + "/").startswith(os.path.realpath(path) + "/"):
        raise Trouble(USAGE, "%s: lies within what would be copied" % target)
    part = tempfile.mkdtemp(prefix=".enve-", dir=above)  # nobody can have made it before us
    try:
        copy(path, part)
        _open(part)
        os.rename(part, target)
    finally:
        remove(part)
    return target


def _open(top: str) -> None:
    for here, _, names in os.walk(top):
        for name in names:
            state = os.lstat(here + "/" + name)
            if not os.path.islink(here + "/" + name):
                os.chmod(here + "/" + name, state.st_mode & 0o7777 | 0o200)


def file(path: str, target: str) -> str:
    """A copy of a file in that folder."""
    if not target:
        return path
    import shutil

    os.makedirs(target, exist_ok=True)
    place = os.path.join(target, os.path.basename(path))
    handle, part = tempfile.mkstemp(prefix=".enve-", dir=target)
    try:
        with open(path, "rb") as source, open(handle, "wb") as copy:
            shutil.copyfileobj(source, copy, 1 << 20)
            os.fchmod(copy.fileno(), 0o644)
        os.replace(part, place)
    except BaseException:
        os.unlink(part)
        raise
    return place
