"""A keyhole as the node's own code knows it: both programs judge by the same rules."""

from __future__ import annotations

from functools import lru_cache

from enve.model.blueprint import Keyhole
from enve_pm.core import blueprint
from enve_pm.core.address import Pattern


def node_side(hole: Keyhole) -> blueprint.Keyhole:
    """For `enve_pm.core.policy` and `scope`."""
    return blueprint.Keyhole(
        hole.fingerprint,
        hole.name,
        hole.may,
        hole.lanes,
        tuple(map(_pattern, hole.scope)),
        hole.since,
        hole.until,
    )


@lru_cache(maxsize=65536)
def _pattern(text: str) -> Pattern:
    return Pattern.parse(text)
