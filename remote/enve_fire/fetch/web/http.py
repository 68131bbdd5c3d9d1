"""One request over http(s), by the standard library: redirects, proxies, TLS, and no server that
takes for ever."""

from __future__ import annotations

import http.client
from urllib.parse import urljoin, urlsplit

from enve_fire.core.trouble import CHECKOUT, Trouble
from enve_fire.fetch.web import connection
from enve_fire.fetch.web.patience import Patience
from enve_fire.fetch.web.proxy import proxy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Mapping

REDIRECTS = 3
_MOVED = (301, 302, 303, 307, 308)
AGENT = "enve"
LONGEST = 4096  # characters of a header


class Answer:
    """What a server says; a context manager. `read` raises Passing."""

    def __init__(self, sock: Any, response: Any, url: str, patience: float) -> None:
        self._sock = sock
        self._response = response
        self._patience = patience
        self.url = url
        self.status: int = response.status

    def __enter__(self) -> Answer:
        return self

    def __exit__(self, *_: object) -> None:
        self._response.close()
        self._sock.close()

    def header(self, name: str) -> str:
        """One that can be sent back as it is; else ""."""
        found = str(self._response.getheader(name) or "").strip()
        return found if found.isprintable() and len(found) <= LONGEST else ""

    @property
    def length(self) -> int | None:
        """Bytes of the body; None if the server does not say."""
        found = self.header("Content-Length")
        plain = found.isdecimal() and len(found) < 19
        return int(found) if plain and not self.header("Transfer-Encoding") else None

    def read(self, size: int) -> bytes:
        """So many bytes within the patience; fewer at the end."""
        with Patience(lambda: self._sock, self._patience):
            data: bytes = self._response.read(size)
        return data


def ask(
    url: str, headers: Mapping[str, str], patience: float, environ: Mapping[str, str]
) -> Answer:
    """GET, up to the headers of what is there in the end. Raises Passing, Trouble."""
    for _ in range(REDIRECTS + 1):
        answer = _once(url, headers, patience, environ)
        target = answer.header("Location")
        if answer.status not in _MOVED or not target:
            return answer
        with answer:
            url = _moved(url, target)
    hint = "take the url where it ends"
    raise Trouble(CHECKOUT, "%s: more than %d redirects" % (url, REDIRECTS), hint)


def _moved(url: str, target: str) -> str:
    try:
        new = urljoin(url, target)
        scheme = urlsplit(new).scheme
    except ValueError:
        new, scheme = target, ""
    if scheme not in ("http", "https") or (url.startswith("https:") and scheme != "https"):
        text = "%s: is sent on to %s, which is not https" % (url, ascii(new[:200]))
        raise Trouble(CHECKOUT, text, "take the url where it ends, if you trust it")
    return new


def _once(
    url: str, headers: Mapping[str, str], patience: float, environ: Mapping[str, str]
) -> Answer:
    server = connection.split(url)
    through = proxy(server.scheme, server.host, server.port, environ)
    to = connection.to(server, through, patience, environ)
    path = server.path
    more = {"Accept-Encoding": "identity", "User-Agent": AGENT, "Connection": "close", **headers}
    if through and server.scheme == "http":
        path = "http://%s%s" % (server.netloc(80), path)
        if through.authorization:
            more["Proxy-Authorization"] = through.authorization
    sock, response = _asked(to, path, more, patience)
    return Answer(sock, response, url, patience)


def _asked(to: Any, path: str, headers: Mapping[str, str], patience: float) -> Any:
    """The socket, and what is read from it. When it raises, nothing is left open."""
    opened: list[Any] = []

    def response(*words: Any, **keys: Any) -> Any:
        opened.append(http.client.HTTPResponse(*words, **keys))
        return opened[-1]

    to.response_class = response  # a proxy that refuses: not every Python closes it
    try:
        with Patience(lambda: to.sock, patience):
            to.request("GET", path, headers=headers)
            opened.append(to.sock)  # the connection forgets it when the server will close
            return opened[-1], to.getresponse()
    except BaseException:
        for one in (*reversed(opened), to):
            one.close()
        raise
