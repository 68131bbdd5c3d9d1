"""What networks are called on the node, and which addresses they may have."""

from __future__ import annotations

import ipaddress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enve_pm.core import inet, network, networkbody
from enve_pm.core.fieldcheck import Bad
from enve_pm.core.unit import UnitSpec


def spec(unit: str = "web", **body: Any) -> UnitSpec:
    return UnitSpec.parse({"v": 1, "name": f"shop.{unit}", "kind": "network", "network": body})


CASES = [
    ({"type": "namespace"}, "/run/netns/web"),
    ({"type": "namespace", "name": "shop"}, "/run/netns/shop"),
    ({"type": "bridge", "name": "br-shop"}, ""),
]


@pytest.mark.parametrize(("body", "path"), CASES)
def test_where_a_namespace_is_entered(body: dict[str, Any], path: str) -> None:
    assert network.netns_path(spec(**body)) == path


def test_what_is_no_network_has_no_namespace() -> None:
    assert network.netns_path(UnitSpec.parse({"v": 1, "name": "a", "command": ["x"]})) == ""


OUTER = [
    ("web", {"type": "namespace", "outer": []}, "pm-web"),
    ("twelve-bytes", {"type": "namespace", "bridge": "br"}, "pm-twelve-bytes"),
    ("thirteen-byte", {"type": "namespace", "bridge": "br"}, "pm-thirt-88e6e9"),
    ("web", {"type": "namespace"}, ""),
    ("web", {"type": "bridge"}, ""),
]


@pytest.mark.parametrize(("unit", "body", "name"), OUTER)
def test_what_the_outer_end_is_called(unit: str, body: dict[str, Any], name: str) -> None:
    found = network.outer(spec(unit, **body))
    assert found == name
    assert len(found) <= 15


NUMBERS = st.integers(0, 2**32 - 1) | st.integers(0, 2**128 - 1)


@given(st.lists(st.tuples(NUMBERS, st.integers(0, 128)), max_size=4), NUMBERS)
def test_an_address_lies_in_a_network_or_not(networks: list[tuple[int, int]], number: int) -> None:
    host = ipaddress.ip_address(number)
    around = [
        ipaddress.ip_network((one, min(bits, ipaddress.ip_address(one).max_prefixlen)), False)
        for one, bits in networks
    ]
    assert inet.around(host, around) == any(host in one for one in around)


KEYS = "type bridge namespace name outer addresses mtu gateway routes to via br0"
VALUES = "10.9.0.2/24 10.9.0.1 fd09::1/64 fd09::1 10.0.0.0/8 :: /"
WORDS = st.sampled_from(f"{KEYS} {VALUES}".split())
JSON = st.recursive(
    WORDS | st.integers() | st.none() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=8,
)


@given(JSON, st.dictionaries(WORDS, JSON, max_size=5), st.sampled_from(["bridge", "namespace"]))
def test_any_body_is_read_or_refused(odd: Any, body: dict[str, Any], kind: str) -> None:
    for value in (odd, {**body, "type": kind}):
        try:
            networkbody.body(value)
        except Bad as bad:
            assert bad.args[0]
