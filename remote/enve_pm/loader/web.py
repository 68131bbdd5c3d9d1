"""From an http or https url into a file: bounded in size and time, over at most three redirects
that stay with their scheme, by the proxy that the environment names, under an own CA where one is
named.
"""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request
from urllib.parse import urlsplit

from enve_pm.loader.trouble import Nothing, Trouble

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import IO, Any

SILENCE = 20  # seconds without a byte
CHUNK = 1 << 16
REDIRECTS = 3
REDIRECT = (301, 302, 303, 307, 308)
NOT_MODIFIED = 304
# What a server says of an answer -> how it is asked whether that still holds.
MARKS = {"ETag": "If-None-Match", "Last-Modified": "If-Modified-Since"}
LONGEST = 1024  # characters of such a mark


class _Redirect(urllib.request.HTTPRedirectHandler):
    max_redirections = REDIRECTS

    def redirect_request(  # noqa: PLR0913, PLR0917
        self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> Any:
        fp.close()  # else all that comes with it would be read, however much that is
        if urlsplit(newurl).scheme != urlsplit(req.full_url).scheme:
            raise Trouble("%s: a redirect to another scheme is not followed" % plain(req.full_url))
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def fetch(
    url: str, ca: str, marks: Mapping[str, str], target: IO[bytes], limit: int
) -> dict[str, str]:
    """Write what the url gives into `target`; its marks. `marks`: of what was brought before.
    Raises Trouble, Nothing."""
    headers = {"User-Agent": "enve-pm"}
    headers.update({MARKS[name]: mark for name, mark in marks.items() if name in MARKS})
    try:
        request = urllib.request.Request(url, headers=headers)  # noqa: S310
        with _opener(url, ca).open(request, timeout=SILENCE) as answer:
            _copy(answer, target, limit)
            told = {name: answer.headers.get(name, "") for name in MARKS}
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == NOT_MODIFIED and marks:  # else nobody asked for it
            raise Nothing("not modified") from None
        # What a redirect names that is not followed is not quoted: the server wrote it.
        said = "a redirect that is not followed" if error.code in REDIRECT else error.reason
        raise Trouble("%s: %d %s" % (plain(url), error.code, said)) from None
    except urllib.error.URLError as error:
        why = getattr(error.reason, "strerror", "") or error.reason
        raise Trouble("%s: %s" % (plain(url), why)) from None
    except (OSError, http.client.HTTPException, ValueError, OverflowError) as error:
        raise Trouble("%s: %s" % (plain(url), error or type(error).__name__)) from None
    return {name: mark for name, mark in told.items() if mark and len(mark) <= LONGEST}


def _copy(answer: Any, target: IO[bytes], limit: int) -> None:
    size = 0
    while True:
        piece = answer.read(CHUNK)
        if not piece:
            break
        size += len(piece)
        if size > limit:
            raise OSError("larger than %d bytes" % limit)
        target.write(piece)
    said = answer.headers.get("Content-Length", "")
    if said.isdigit() and int(said) != size:
        raise OSError("it broke off after %d of %s bytes" % (size, said))


def _opener(url: str, ca: str) -> urllib.request.OpenerDirector:
    """One that knows no scheme but these two."""
    opener = urllib.request.OpenerDirector()
    handlers: list[Any] = [
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        _Redirect(),
    ]
    if url.startswith("https:"):
        handlers.append(_https(ca))
    for handler in handlers:
        opener.add_handler(handler)
    return opener


def _https(ca: str) -> Any:
    try:
        import ssl
    except ImportError:
        raise Trouble("this node's Python has no ssl: no https") from None
    try:
        context = ssl.create_default_context(cafile=ca or None)
    except OSError as error:
        raise Trouble("%s: %s" % (ca, error.strerror or error)) from None
    return urllib.request.HTTPSHandler(context=context)


def plain(url: str) -> str:
    """A url as it may be shown: without a login, and without what stands behind its path."""
    try:
        found = urlsplit(url)
    except ValueError:
        return "a url that is none"
    return "%s://%s%s" % (found.scheme, found.netloc.rpartition("@")[2], found.path)
