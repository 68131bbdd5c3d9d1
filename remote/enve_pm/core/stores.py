"""Stores of others that a build may be taken from: where they are says the ceiling of its spot, and
whose word counts there the keyholes that may `build` at that spot.

    stage.stores = {"from": [URL], "keys": [{"ring": BASE64, "since": SECONDS, "until": SECONDS}]}

pm puts it into the line of whatever builds, and no plan does: so the pms below know it, too.
`until` 0: open.
"""

from __future__ import annotations

from binascii import b2a_base64

from enve_pm.core import address, stages
from enve_pm.core import blueprint as blueprints
from enve_pm.core.unit import STAGE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any

    from enve_pm.core.blueprint import Blueprint, Keyhole
    from enve_pm.core.unit import UnitSpec

    Rings = Callable[[Iterable[str]], Iterable[tuple[Any, bytes]]]

ROLE = "build"


def put(spec: UnitSpec, blueprint: Blueprint, rings: Rings) -> dict[str, Any]:
    """What a line gets of them: {"stage": ...}, or nothing. `rings`: of fingerprints, those that
    are here."""
    if spec.kind != STAGE or not _builds(spec):
        return {}
    steps = stages.owner(address.parse(spec.name))
    urls = blueprints.find(blueprint.tree, steps).stores
    if not urls:
        return {}
    stores = {"from": list(urls), "keys": _keys(_holes(blueprint, steps), rings)}
    return {"stage": {**spec.body, "stores": stores}}


def _builds(spec: UnitSpec) -> bool:
    """An install may build what the product runs with; a build that brings what was built
    elsewhere builds nothing."""
    if spec.body["do"] == stages.BUILD:
        return not (spec.product or "artifact" in spec.body)
    return bool(spec.body["do"] == stages.INSTALL)


def _holes(blueprint: Blueprint, steps: Sequence[str]) -> list[Keyhole]:
    place = (blueprint.node, *steps)
    return [
        hole
        for hole in blueprint.keyholes
        if ROLE in hole.may and any(pattern.match(place) for pattern in hole.scope)
    ]


def _keys(holes: Sequence[Keyhole], rings: Rings) -> list[dict[str, Any]]:
    known = {ring.primary: data for ring, data in rings(hole.fpr for hole in holes)}
    return [
        {"ring": encoded(known[hole.fpr]), "since": hole.since, "until": hole.until}
        for hole in holes
        if hole.fpr in known
    ]


def encoded(ring: bytes) -> str:
    return b2a_base64(ring, newline=False).decode()
