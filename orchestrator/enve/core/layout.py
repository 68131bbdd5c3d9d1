"""What a node's blueprint is as bytes and as addresses (contracts, section 4)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from enve.model.blueprint import Ceiling, Keyhole, NodeBlueprint, PmTree
from enve_pm.wire import canonical

EPOCH = 1
KINDS = ("process", "resource")


def node_json(blueprint: NodeBlueprint) -> bytes:
    """The canonical JSON that lies on the node as `trust/blueprint.json`."""
    return canonical.dumps(
        {
            "v": 1,
            "domain": blueprint.domain,
            "node": blueprint.node,
            "epoch": EPOCH,
            "keyholes": [_keyhole(keyhole) for keyhole in blueprint.keyholes],
            "threshold": blueprint.threshold,
            "limits": dict(blueprint.limits),
            **_tree(blueprint.tree),
        }
    )


def _keyhole(keyhole: Keyhole) -> dict[str, Any]:
    return {
        "fpr": keyhole.fingerprint,
        "name": keyhole.name,
        "may": list(keyhole.may),
        "lanes": list(keyhole.lanes),
        "scope": list(keyhole.scope),
        "from": keyhole.since,
        "until": keyhole.until,
    }


def _tree(tree: PmTree) -> dict[str, Any]:
    return {
        "spots": {name: _ceiling(ceiling) for name, ceiling in tree.spots.items()},
        "pms": {
            name: {"mode": pm.mode, **({"user": pm.user} if pm.user else {}), **_tree(pm)}
            for name, pm in tree.pms.items()
        },
    }


def _ceiling(ceiling: Ceiling) -> dict[str, Any]:
    """Only what is not the default: absent keys mean it."""
    return {
        key: value
        for key, value in (
            ("user", ceiling.user),
            ("groups", list(ceiling.groups)),
            ("writes", list(ceiling.writes)),
            ("ports", list(ceiling.ports)),
            ("rlimits", dict(ceiling.rlimits)),
            ("kinds", list(ceiling.kinds)),
        )
        if value and value != list(KINDS)
    }


def spots(tree: PmTree, above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Ceiling]]:
    """Every spot below a pm with the names that lead to it, in the blueprint's order."""
    for name, ceiling in tree.spots.items():
        yield (*above, name), ceiling
    for name, pm in tree.pms.items():
        yield from spots(pm, (*above, name))


def pms(tree: PmTree, above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], PmTree]]:
    """Every pm nested below a pm, with the names that lead to it."""
    for name, pm in tree.pms.items():
        yield (*above, name), pm
        yield from pms(pm, (*above, name))
