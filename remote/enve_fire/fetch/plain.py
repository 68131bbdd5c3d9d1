"""Plain http, where anybody on the way can answer in the server's place: it is for what has to hash
to what its url says, for this machine, and for hosts whose way there is trusted."""

from __future__ import annotations

from urllib.parse import urlsplit

from enve_fire.core.trouble import CHECKOUT, Trouble
from enve_fire.core.url import is_commit
from enve_fire.fetch.web.proxy import is_among

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Mapping

    from enve_fire.core.url import Url

TRUSTED = "ENVE_FETCH_PLAIN"  # hosts, as no_proxy has them
HERE = "localhost,127.0.0.0/8,::1"
_WAYS = {"http": 80, "git+http": 80}


def judge(url: Url, environ: Mapping[str, str]) -> None:
    """Raises Trouble where nobody could tell what comes from what was meant."""
    if url.sha256 or is_commit(url.ref) or not overheard(url, environ):
        return
    where = urlsplit(url.base)
    host = where.hostname or ""
    pin = "a commit id" if where.scheme.startswith("git") else "#sha256=HEX"
    told = "%s: plain http, where anybody on the way can answer in its place"
    hint = "https, or say what it has to be (%s); or trust the way there: %s=%s"
    raise Trouble(CHECKOUT, told % url.text, hint % (pin, TRUSTED, host))


def overheard(url: Url, environ: Mapping[str, str]) -> bool:
    """Whether somebody on the way could answer, and hear what is said: also a password."""
    where = urlsplit(url.base)
    if where.scheme not in _WAYS:
        return False
    host, port = where.hostname or "", where.port or _WAYS[where.scheme]
    return not (is_among(host, port, HERE) or is_among(host, port, environ.get(TRUSTED, "")))
