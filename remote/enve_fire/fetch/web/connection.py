"""Where a url is asked for: the server, the way through a proxy, and whom TLS believes."""

from __future__ import annotations

import http.client
from urllib.parse import quote, urlsplit

from enve_fire.core.trouble import CHECKOUT, MISSING, Trouble
from enve_pm.core.lean import namedtuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Mapping

    from enve_fire.fetch.web.proxy import Proxy

_SAFE = "%/:=&?~#+!$,;'@()*[]"


class Server(namedtuple("Server", "scheme host port path")):
    """`path`: with query, as it is asked for."""

    __slots__ = ()

    if TYPE_CHECKING:
        scheme: str
        host: str
        port: int
        path: str

    def netloc(self, usual: int) -> str:
        """Without the port that is usual."""
        name = "[%s]" % self.host if ":" in self.host else self.host
        return name if self.port == usual else "%s:%d" % (name, self.port)


def split(url: str) -> Server:
    """Raises Trouble."""
    try:
        found = urlsplit(url)
        host, port = found.hostname or "", found.port
        host.encode("idna")
    except (ValueError, UnicodeError):
        host = ""
    if not host or found.username or found.password:
        raise Trouble(CHECKOUT, "%s: wanted http(s)://HOST[:PORT]/PATH" % ascii(url[:200]))
    query = "?" + quote(found.query, safe=_SAFE) if found.query else ""
    path = quote(found.path or "/", safe=_SAFE) + query
    return Server(found.scheme, host, port or (443 if found.scheme == "https" else 80), path)


def to(server: Server, through: Proxy | None, patience: float, environ: Mapping[str, str]) -> Any:
    """One that nothing was sent over yet. Raises Trouble."""
    name, number = (through.host, through.port) if through else (server.host, server.port)
    if server.scheme == "http":
        return http.client.HTTPConnection(name, number, timeout=patience)
    trust = _trust(environ)
    connection = http.client.HTTPSConnection(name, number, timeout=patience, context=trust)
    if through:
        more = {"Proxy-Authorization": through.authorization} if through.authorization else {}
        connection.set_tunnel(server.host, server.port, headers=more)
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
