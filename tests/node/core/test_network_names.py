"""What networks are called on the node."""

from __future__ import annotations

from typing import Any

import pytest

from enve_pm.core import network
from enve_pm.core.unit import UnitSpec


def spec(**body: Any) -> UnitSpec:
    """As it is after it was read."""
    found = UnitSpec.again({"v": 1, "name": "shop.web", "kind": "network"}, "web")
    found.body = body
    return found


CASES = [
    ({"type": "namespace"}, "/run/netns/web"),
    ({"type": "namespace", "name": "shop"}, "/run/netns/shop"),
    ({"type": "bridge", "name": "br-shop"}, ""),
    ({}, ""),
]


@pytest.mark.parametrize(("body", "path"), CASES)
def test_where_a_namespace_is_entered(body: dict[str, Any], path: str) -> None:
    assert network.netns_path(spec(**body)) == path
