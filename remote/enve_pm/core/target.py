"""What pm itself can ask whether a service is there: an address, a URL, a socket, a file.

Hosts are numbers or `localhost`: a name would have to be resolved, which blocks, and is another
service's matter.
"""

from __future__ import annotations

from enve_pm.core.lean import namedtuple

TCP, HTTP, UNIX, FILE = "tcp", "http", "unix", "file"
# How -> the key of its record that says where.
KEYS = {TCP: "address", HTTP: "url", UNIX: "socket", FILE: "path"}
SCHEME = "http://"
LOCAL = "127.0.0.1"
LONGEST = 512
_HEX = frozenset("0123456789abcdefABCDEF")

# host: as the kernel wants it; path, name (host and port as they were written): of a URL only
Place = namedtuple("Place", "host port path name", defaults=("", ""))


class TargetError(ValueError):
    """What was wanted."""


def address(text: str) -> Place:
    """`127.0.0.1:80`, `[::1]:80`, `localhost:80`. Raises TargetError."""
    host, colon, port = text.rpartition(":")
    if not colon or not _port(port):
        raise TargetError("HOST:PORT, such as 127.0.0.1:80 or [::1]:80")
    return Place(_host(host), int(port), "", text)


def url(text: str) -> Place:
    """`http://127.0.0.1:8080/health`. Raises TargetError."""
    if not text.startswith(SCHEME) or not text.isascii() or not text.isprintable() or " " in text:
        raise TargetError("http://HOST[:PORT]/PATH")
    where, _, path = text[len(SCHEME) :].partition("/")
    if "#" in path:
        raise TargetError("http://HOST[:PORT]/PATH without #")
    host, colon, port = where.rpartition(":")
    named = colon and not port.endswith("]") and host
    place = address(where if named else where + ":80")
    return place._replace(path="/" + path, name=where)


def _port(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 5 and 0 < int(text) < 65536


def _host(text: str) -> str:
    if text == "localhost":
        return LOCAL
    if text.startswith("[") and text.endswith("]") and _is_ipv6(text[1:-1]):
        return text[1:-1]
    if not _is_ipv4(text):
        raise TargetError("a host as a number, such as 127.0.0.1 or [::1], or localhost")
    return text


def _is_ipv4(text: str) -> bool:
    parts = text.split(".")
    numbers = all(
        part.isascii() and part.isdigit() and (part == "0" or part[0] != "0") for part in parts
    )
    return len(parts) == 4 and numbers and all(len(p) <= 3 and int(p) < 256 for p in parts)


def _is_ipv6(text: str) -> bool:
    """Without a zone, and without the form that ends like an IPv4 address."""
    head, gap, tail = text.partition("::")
    groups = [*(head.split(":") if head else []), *(tail.split(":") if tail else [])]
    good = all(0 < len(group) <= 4 and _HEX.issuperset(group) for group in groups)
    return good and (len(groups) <= 7 if gap else len(groups) == 8)
