"""Which proxy a url goes through, as the environment says. Pure.

http_proxy, https_proxy, all_proxy; no_proxy: names (and all below them), addresses, networks
(10.0.0.0/8), each also with a port, or `*`. In capitals too, but for HTTP_PROXY: what a web server
runs can be given that one by anybody.
"""

from __future__ import annotations

from base64 import b64encode
from ipaddress import ip_address, ip_network
from urllib.parse import unquote, urlsplit

from enve_fire.core.trouble import CHECKOUT, Trouble
from enve_pm.core.lean import namedtuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Mapping

Proxy = namedtuple("Proxy", "host port authorization")  # the last: a header's value, or ""
NAMES = (
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
)
PORT = 8080


def proxy(scheme: str, host: str, port: int, environ: Mapping[str, str]) -> Proxy | None:
    """None: directly. Raises Trouble for one that we cannot use."""
    text = _value(environ, scheme + "_proxy") or _value(environ, "all_proxy")
    if not text or is_among(host, port, _value(environ, "no_proxy")):
        return None
    return parse(text, scheme + "_proxy")


def _value(environ: Mapping[str, str], name: str) -> str:
    upper = "" if name == "http_proxy" else environ.get(name.upper(), "")
    return (environ.get(name) or upper).strip()


def parse(text: str, name: str) -> Proxy:
    """`[http://][USER:PASSWORD@]HOST[:PORT][/]`. Raises Trouble, which shows no password."""
    whole = text if "://" in text else "http://" + text
    try:
        found = urlsplit(whole)
        host, port = found.hostname or "", found.port or PORT
    except ValueError:
        host, port = "", 0
    if not host or found.scheme != "http" or not host.isprintable():
        hint = "others (socks, https) are not spoken here; unset it to go directly"
        raise Trouble(CHECKOUT, "%s: wanted http://HOST:PORT" % name, hint)
    said = "%s:%s" % (unquote(found.username or ""), unquote(found.password or ""))
    basic = "Basic " + b64encode(said.encode()).decode() if said != ":" else ""
    return Proxy(host, port, basic)


def is_among(host: str, port: int, said: str) -> bool:
    """Whether `no_proxy` would mean it by these words."""
    host = host.lower().rstrip(".")
    return any(_matches(host, port, one.strip().lower()) for one in said.split(",") if one.strip())


def _matches(host: str, port: int, one: str) -> bool:
    if one == "*":
        return True
    name, colon, number = one.rpartition(":")
    if colon and number.isdecimal() and (":" not in name or name.endswith("]")):
        if int(number) != port:
            return False
        one = name
    one = one.strip("[]").lstrip(".").rstrip(".")
    return host == one or host.endswith("." + one) or _within(host, one)


def _within(host: str, network: str) -> bool:
    try:
        return ip_address(host) in ip_network(network, strict=False)
    except ValueError:
        return False
