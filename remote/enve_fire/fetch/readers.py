"""Who else could have fetched it: what not everybody may read, nobody else may in a store."""

from __future__ import annotations

import os
import stat

from enve_fire.core import url as urls
from enve_pm.core.lean import namedtuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Mapping

    from enve_fire.core.url import Url

_FILE = "git+file://"
_Bits = namedtuple("_Bits", "folder rest")
_OTHERS = _Bits(stat.S_IXOTH, stat.S_IROTH)


def private(url: Url, environ: Mapping[str, str]) -> bool:
    """Behind a login, or in a folder that others may not enter."""
    if url.base.startswith("git+ssh:"):
        return True
    path = local(url)
    if path:
        return not everybody(path)
    return url.kind == urls.GIT and _logs_in(url.base, environ)


def local(url: Url) -> str:
    """Its path on this machine, "" for one that lies elsewhere."""
    if url.base.startswith(_FILE):
        from urllib.parse import unquote

        return unquote(url.base[len(_FILE) :])  # as git does
    return url.base if url.base.startswith("/") else ""


def everybody(path: str) -> bool:
    """Whether everybody on this machine may read it. What is not there (any more) may have been a
    secret."""
    try:
        found = os.path.realpath(path)
        if not os.stat(found).st_mode & _OTHERS.rest:
            return False
        while found != "/":
            found = os.path.dirname(found)
            if not os.stat(found).st_mode & _OTHERS.folder:
                return False
    except OSError:
        return False
    return True


def _logs_in(base: str, environ: Mapping[str, str]) -> bool:
    """Whether a password is known for the host (~/.netrc)."""
    host = base.partition("://")[2].partition("/")[0].partition(":")[0]
    try:
        with open(environ.get("HOME", "") + "/.netrc", encoding="utf-8", errors="replace") as file:
            words = file.read(1 << 20).split()
    except OSError:
        return False
    return host in words or "default" in words
