"""What units of kind network are called on the node."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from enve_pm.core.unit import UnitSpec

BRIDGE = "bridge"
NAMESPACE = "namespace"
NETNS = "/run/netns"  # where `ip netns` keeps them, too


def name(spec: UnitSpec) -> str:
    """Of its bridge or namespace: by default the unit's."""
    return str(spec.body.get("name", spec.unit))


def netns_path(spec: UnitSpec) -> str:
    """Where the namespace of a network unit can be entered; empty where it has none."""
    return "%s/%s" % (NETNS, name(spec)) if spec.body.get("type") == NAMESPACE else ""
