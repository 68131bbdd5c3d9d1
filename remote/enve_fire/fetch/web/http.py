"""One request over http(s), by the standard library: redirects, proxies, TLS, and no server that
takes for ever."""

from __future__ import annotations

import http.client
from urllib.parse import quote, urljoin, urlsplit

from enve_fire.core.trouble import CHECKOUT, MISSING, Trouble
from enve_fire.fetch.web.patience import Passing, Patience
from enve_fire.fetch.web.proxy import proxy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Mapping

    from enve_fire.fetch.web.proxy import Proxy

REDIRECTS = 3
_MOVED = (301, 302, 303, 307, 308)
_SAFE = "%/:=&?~#+!$,;'@()*[]"
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
    scheme, host, port, path = split(url)
    through = proxy(scheme, host, port, environ)
    connection = _connection(scheme, host, port, through, patience, environ)
    more = {"Accept-Encoding": "identity", "User-Agent": AGENT, "Connection": "close", **headers}
    if through and scheme == "http":
        path = "http://%s%s" % (_netloc(host, port, 80), path)
        if through.authorization:
            more["Proxy-Authorization"] = through.authorization
    sock, response = _asked(connection, path, more, patience)
    return Answer(sock, response, url, patience)


def _asked(connection: Any, path: str, headers: Mapping[str, str], patience: float) -> Any:
    """The socket, and what is read from it. When it raises, nothing is left open."""
    opened: list[Any] = []

    def response(*words: Any, **keys: Any) -> Any:
        opened.append(http.client.HTTPResponse(*words, **keys))
        return opened[-1]

    connection.response_class = response  # a proxy that refuses: not every Python closes it
    try:
        with Patience(lambda: connection.sock, patience):
            connection.request("GET", path, headers=headers)
            opened.append(connection.sock)  # the connection forgets it when the server will close
            return opened[-1], connection.getresponse()
    except BaseException:
        for one in (*reversed(opened), connection):
            one.close()
        raise


def split(url: str) -> tuple[str, str, int, str]:
    """scheme, host, port, path with query. Raises Trouble."""
    try:
        found = urlsplit(url)
        host, port = found.hostname or "", found.port
        host.encode("idna")
    except (ValueError, UnicodeError):
        host = ""
    if not host or found.username or found.password:
        raise Trouble(CHECKOUT, "%s: wanted http(s)://HOST[:PORT]/PATH" % ascii(url[:200]))
    path = quote(found.path or "/", safe=_SAFE) + ("?" + quote(found.query, safe=_SAFE)) * bool(
        found.query
    )
    return found.scheme, host, port or (443 if found.scheme == "https" else 80), path


def _netloc(host: str, port: int, usual: int) -> str:
    name = "[%s]" % host if ":" in host else host
    return name if port == usual else "%s:%d" % (name, port)


def _connection(  # noqa: PLR0913, PLR0917
    scheme: str,
    host: str,
    port: int,
    through: Proxy | None,
    patience: float,
    environ: Mapping[str, str],
) -> Any:
    name, number = (through.host, through.port) if through else (host, port)
    if scheme == "http":
        return http.client.HTTPConnection(name, number, timeout=patience)
    trust = _trust(environ)
    connection = http.client.HTTPSConnection(name, number, timeout=patience, context=trust)
    if through:
        more = {"Proxy-Authorization": through.authorization} if through.authorization else {}
        connection.set_tunnel(host, port, headers=more)
    return connection


def _trust(environ: Mapping[str, str]) -> Any:
    """Who may vouch for servers: the authorities of this machine, or those of SSL_CERT_FILE."""
    try:
        import ssl
    except ImportError:
        text, hint = "this Python was built without TLS", "take http, or a path, with #sha256="
        raise Trouble(MISSING, text, hint) from None
    own = environ.get("SSL_CERT_FILE", "")
    try:
        return ssl.create_default_context(cafile=own or None)
    except OSError as error:
        raise Trouble(CHECKOUT, "SSL_CERT_FILE: %s: %s" % (own, error.strerror or error)) from None


__all__ = ["Answer", "Passing", "ask", "split"]
