"""What the held lanes of a node say about its spots: which line, by which plan, by whose key.

For display: the node says so, and nothing here has been verified.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from enve.core.issuer import issuer
from enve.core.published import Lane
from enve.model.trust import shorten
from enve_pm.core import address, stages


@dataclass(frozen=True, slots=True)
class Placed:
    """`commit`: the product of a spot that has one, such as `lua-5.4.4`; else 12 hex digits of the
    line's hash: equal where product and config are equal."""

    commit: str = ""
    plan: str = ""
    key: str = ""


def placed(lanes: Mapping[str, Lane]) -> dict[str, Placed]:
    """By the address below the node."""
    found: dict[str, Placed] = {}
    for name, lane in lanes.items():
        plan, key = _plan(name, lane), _key(lane)
        shown = {spot: digest for one, digest in lane.hashes.items() if (spot := _spot(one))}
        products = _products(shown)
        for spot, digest in shown.items():
            found[spot] = Placed(products.get(spot, digest[:12]), plan, key)
    return found


def _products(spots: Iterable[str]) -> dict[str, str]:
    """Of the stages, and of the spots whose stages they are."""
    found = {}
    for spot in spots:
        steps = address.parse(spot)
        named = stages.split(steps[-1])
        if named is not None:
            found[spot] = found[address.format(stages.owner(steps))] = named.product
    return found


def _spot(name: str) -> str:
    """The one spelling of an address below the node; "" when it is none."""
    try:
        return address.format(address.parse(name))
    except address.AddressError:
        return ""


def _key(held: Lane) -> str:
    """`9F2C..41AB`; a node that no longer knows the key leaves what the signature itself names,
    which may be a subkey."""
    if held.keys:
        return shorten(held.keys[0])
    return issuer(held.sigs[0]) if held.sigs else ""


def _plan(lane: str, held: Lane) -> str:
    name = _head(held.head).get("plan")
    shown = f"{name if isinstance(name, str) and name else lane}#{held.serial}"
    return shown if held.active == held.serial else f"{shown} (active #{held.active})"


def _head(text: str) -> Mapping[str, Any]:
    try:
        found = json.loads(base64.b64decode(text, validate=True))
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
