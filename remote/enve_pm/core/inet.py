"""Addresses of the internet protocols as lines of units and blueprints write them.

Each reader gives what the text means, or raises Bad. `ipaddress` is imported when one is read: most
pms make no networks.
"""

from __future__ import annotations

from enve_pm.core.fieldcheck import Bad

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ipaddress import (
        IPv4Address,
        IPv4Interface,
        IPv4Network,
        IPv6Address,
        IPv6Interface,
        IPv6Network,
    )
    from typing import Any, Iterable

    Host = IPv4Address | IPv6Address
    Interface = IPv4Interface | IPv6Interface
    Network = IPv4Network | IPv6Network

LONGEST = 43  # eight groups of four digits and a prefix
_LETTERS = frozenset("0123456789abcdefABCDEF.:/")
_HOST = "an address such as 10.9.0.1 or fd00::1"
_INTERFACE = "an address with its prefix, such as 10.9.0.1/24"
_NETWORK = "a network such as 10.9.0.0/24, without bits of a host"


def host(value: Any) -> Host:
    """One address, of a machine."""
    from ipaddress import ip_address

    found: Host = _read(value, _HOST, ip_address)
    if found.is_multicast or found.is_unspecified or found.is_loopback:
        raise Bad("an address of one machine", value)
    return found


def interface(value: Any) -> Interface:
    """An address with the prefix of its network."""
    from ipaddress import ip_interface

    found: Interface = _read(value, _INTERFACE, ip_interface)
    _check_prefix(value, _INTERFACE)
    host(str(found.ip))
    around = found.network
    ends = (around.network_address, *((around.broadcast_address,) if found.version == 4 else ()))
    if around.prefixlen < found.max_prefixlen - 1 and found.ip in ends:
        raise Bad("an address of one machine", value)
    return found


def network(value: Any) -> Network:
    """All addresses that begin alike."""
    from ipaddress import ip_network

    found: Network = _read(value, _NETWORK, ip_network)
    _check_prefix(value, _NETWORK)
    return found


def around(found: Host | Network, networks: Iterable[Network]) -> bool:
    """Whether one of the networks has all of it."""
    from ipaddress import ip_network

    whole: Any = ip_network(found)
    return any(whole.version == one.version and whole.subnet_of(one) for one in networks)


def _read(value: Any, wanted: str, reader: Any) -> Any:
    if not isinstance(value, str) or len(value) > LONGEST or not _LETTERS.issuperset(value):
        raise Bad(wanted, value)
    try:
        found = reader(value)
    except ValueError:
        raise Bad(wanted, value) from None
    if found.version == 4 and str(found).partition("/")[0] != value.partition("/")[0]:
        raise Bad(wanted, value)  # 010.9.0.1: octal for some
    return found


def _check_prefix(value: str, wanted: str) -> None:
    """A number, as 10.9.0.1/255.255.255.0 is one more way to say the same."""
    prefix = value.partition("/")[2]
    if not prefix.isdigit() or str(int(prefix)) != prefix:
        raise Bad(wanted, value)
