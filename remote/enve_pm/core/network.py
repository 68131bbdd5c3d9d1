"""What units of kind network are called on the node, and what they ask of it."""

from __future__ import annotations

from enve_pm.core import inet
from enve_pm.core.digest import sha256
from enve_pm.core.fieldcheck import Bad

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterator, Sequence

    from enve_pm.core.unit import UnitSpec

BRIDGE = "bridge"
NAMESPACE = "namespace"
NETNS = "/run/netns"  # where `ip netns` keeps them, too
INNER = "eth0"
_LINK = 15  # bytes of a link's name
_FIRST = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")
_LETTERS = _FIRST | frozenset("_.-")
_TAKEN = ("lo", "all", "default")  # the last two are the kernel's words in /proc/sys/net


def name(spec: UnitSpec) -> str:
    """Of its bridge or namespace: by default the unit's."""
    return str(spec.body.get("name", spec.unit))


def netns_path(spec: UnitSpec) -> str:
    """Where the namespace of a network unit can be entered; empty where it has none."""
    return "%s/%s" % (NETNS, name(spec)) if spec.body.get("type") == NAMESPACE else ""


def outer(spec: UnitSpec) -> str:
    """The outer end of a namespace's pair of links; empty where it has none."""
    body, plain = spec.body, name(spec)
    if BRIDGE not in body and "outer" not in body:
        return ""
    if len(plain) <= _LINK - 3:
        return "pm-" + plain
    return "pm-%s-%s" % (plain[:5], sha256(plain.encode()).hexdigest()[:6])


def netns_name(value: Any) -> Any:
    return _word(value, 64, "a name of 1 to 64 letters, digits and _ . -")


def link_name(value: Any) -> Any:
    _word(value, _LINK, "a link's name of 1 to 15 letters, digits and _ . -")
    if value in _TAKEN:
        raise Bad("another name than " + " ".join(_TAKEN), value)
    return value


def _word(value: Any, most: int, wanted: str) -> Any:
    if not isinstance(value, str) or not 1 <= len(value) <= most:
        raise Bad(wanted, value)
    if value[0] not in _FIRST or not _LETTERS.issuperset(value):
        raise Bad(wanted, value)
    return value


def check_name(spec: UnitSpec) -> None:
    """What it is called, though the line may not say it."""
    (link_name if spec.body["type"] == BRIDGE else netns_name)(name(spec))


def beyond(
    spec: UnitSpec, networks: Sequence[str], bridges: Sequence[str]
) -> Iterator[tuple[str, str, str]]:
    """(key, what it says, what may be said) for all that lies outside of what is granted."""
    body = spec.body
    granted = [inet.network(one) for one in networks]
    for key, text in _asked(body):
        if not inet.around(_whole(key, text), granted):
            yield key, text, "its networks: " + (" ".join(networks) or "none")
    link = name(spec) if body["type"] == BRIDGE else body.get(BRIDGE, "")
    if link and link not in bridges:
        yield BRIDGE, link, "its bridges: " + (" ".join(bridges) or "none")


def _asked(body: Any) -> Iterator[tuple[str, str]]:
    for key in ("addresses", "outer", "gateway"):
        for text in body.get(key, ()):
            yield key, text
    for route in body.get("routes", ()):
        yield "routes", route["to"]
        yield "gateway", route["via"]


def _whole(key: str, text: str) -> Any:
    """An address brings its whole network onto the link."""
    if key == "gateway":
        return inet.host(text)
    return inet.network(text) if key == "routes" else inet.interface(text).network
