"""A node's blueprint as the node holds it: canonical JSON, whose hash says what is deployed."""

from __future__ import annotations

import hashlib
from typing import Any

from enve.errors import InputError
from enve.model.blueprint import Ceiling, Keyhole, NodeBlueprint, PmTree
from enve.model.site import Node
from enve_pm.core import blueprint as node_side
from enve_pm.core.refusal import FormatError
from enve_pm.wire import canonical

EPOCH = 1


def render(domain: str, node: Node, blueprint: NodeBlueprint) -> bytes:
    """The bytes of HOME/trust/blueprint.json. Raises InputError when the node would refuse them."""
    value = {
        "v": 1,
        "domain": domain,
        "node": node.name,
        "epoch": EPOCH,
        "keyholes": [_keyhole(keyhole) for keyhole in blueprint.keyholes],
        "threshold": blueprint.threshold,
        "limits": dict(blueprint.limits),
        **_tree(blueprint.tree),
    }
    try:
        node_side.parse(value, node.install == "system")
        return canonical.dumps(value) + b"\n"
    except FormatError as error:
        raise InputError(f"the blueprint of {node.name}: {error}", where=node.where) from None


def keys(blueprint: NodeBlueprint) -> dict[str, bytes]:
    """The key rings to lay beside it, by fingerprint."""
    return {keyhole.fingerprint: keyhole.public_key for keyhole in blueprint.keyholes}


def sha256(data: bytes) -> str:
    """In hex."""
    return hashlib.sha256(data).hexdigest()


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
        "pms": {name: _pm(pm) for name, pm in tree.pms.items()},
    }


def _pm(pm: PmTree) -> dict[str, Any]:
    said = {"mode": pm.mode or "user", "user": pm.user, **pm.walls, **_tree(pm)}
    return {**said, "needs": list(pm.needs)} if pm.needs else said


def _ceiling(ceiling: Ceiling) -> dict[str, Any]:
    said: dict[str, Any] = {
        "groups": list(ceiling.groups),
        "writes": list(ceiling.writes),
        "reads": list(ceiling.reads),
        "rlimits": dict(ceiling.rlimits),
        "kinds": list(ceiling.kinds),
        "excl": list(ceiling.excl),
        "log": ceiling.log,
        "stop_timeout": ceiling.stop_timeout,
        "capabilities": list(ceiling.capabilities),
        "root": list(ceiling.root),
        "limits": dict(ceiling.limits),
        "joins": list(ceiling.joins),
        "no_new_privs": ceiling.no_new_privs,
        "read_only": ceiling.read_only,
        "ports": list(ceiling.ports),
    }
    for key in ("networks", "bridges", "stores"):
        if getattr(ceiling, key):
            said[key] = list(getattr(ceiling, key))
    return {**said, "user": ceiling.user} if ceiling.user else said
