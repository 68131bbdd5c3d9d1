"""What a node trusts, as deploy lays it down: the blueprint, the keys, the clock, the floors."""

from __future__ import annotations

import json
import os
from shutil import rmtree

from enve_pm.core.chain import left_behind
from enve_pm.core.refusal import FormatError
from enve_pm.hostinit import files
from enve_pm.hostinit.problem import Problem
from enve_pm.wire import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from enve_pm.hostinit.order import Order


def lay(order: Order) -> tuple[list[str], dict[str, str]]:
    """Put the files; what was changed, and {path: sha256} of those that only deploy writes."""
    trust = order.home + "/trust"
    did, sums = [], {}
    for fingerprint, ring in sorted(order.keys.items()):
        path = "%s/keys/%s.gpg" % (trust, fingerprint)
        sums[path] = files.sha256(ring)
        if files.put(path, ring, 0o600):
            did.append("key " + fingerprint)
    path = trust + "/blueprint.json"
    sums[path] = files.sha256(order.blueprint)
    if files.put(path, order.blueprint, 0o600):  # after the keys that it names
        did.append("blueprint")
    did += ["key %s removed" % name for name in _drop_keys(trust + "/keys", set(order.keys))]
    return did, sums


def _drop_keys(folder: str, keep: set[str]) -> list[str]:
    dropped = []
    for name in sorted(os.listdir(folder)):
        if name[:-4] not in keep or not name.endswith(".gpg"):
            path = folder + "/" + name
            rmtree(path) if os.path.isdir(path) and not os.path.islink(path) else os.unlink(path)
            dropped.append(name)
    return dropped


def lanes(order: Order) -> set[str]:
    """The lanes that the keyholes name, and main. Raises Problem for a blueprint that pm could not
    read."""
    try:
        blueprint = record.parse_blueprint(order.blueprint, order.system)
    except FormatError as error:
        raise Problem("the blueprint is broken: %s" % error) from None
    return {"main"}.union(*(keyhole.lanes for keyhole in blueprint.keyholes))


def clock(order: Order) -> None:
    """A clock earlier than the last deploy is dead; only --reset-time lets the floor fall."""
    path = order.home + "/trust/clock.json"
    floor = 0 if order.reset_time else _floor(files.read(path))
    value = {"v": 1, "deployed": order.now, "floor": max(floor, order.now)}
    files.put(path, _line(value), 0o600)


def _floor(text: bytes) -> int:
    try:
        value = json.loads(text or b"{}").get("floor", 0)
    except (ValueError, AttributeError):
        return 0
    return value if isinstance(value, int) else 0


def floors(order: Order) -> bool:
    """A lane of which the node holds nothing takes no head below its floor; one that was left far
    behind counts its next step from there. The others need none."""
    path = order.home + "/trust/floors.json"
    known = _table(files.read(path), "floors")
    held = {
        lane: one.get("serial", 0) if isinstance(one, dict) else 0
        for lane, one in _table(files.read(order.home + "/trust/state.json"), "lanes").items()
    }
    wanted = dict(known)
    for lane, serial in order.floors.items():
        before = max(held.get(lane, 0), known.get(lane, 0))
        if not before or left_behind(before, serial):
            wanted[lane] = serial
    return wanted != known and files.put(path, _line({"v": 1, "floors": wanted}), 0o600)


def _table(text: bytes, key: str) -> dict[str, Any]:
    try:
        value = json.loads(text or b"{}").get(key, {})
    except (ValueError, AttributeError):
        return {}
    return value if isinstance(value, dict) else {}


def _line(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode() + b"\n"
