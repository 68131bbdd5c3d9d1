"""What a commit makes of a spot: its own line, completed, and the lines of its stages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from enve.load.chain.atspot import AtSpot
from enve.load.chain.root import Line
from enve.load.chain.running import Running
from enve.load.chain.stages import Stages
from enve.model.plan import Blob


def chained(
    line: dict[str, Any], spoken: Mapping[str, Any], at: AtSpot, artifact: Blob | None
) -> dict[str, Line]:
    """The stages, by their addresses below the node. `line`: of the spot, completed in place;
    `spoken`: what of it the plan has said; `artifact`: what is pushed. Raises InputError."""
    passed = Running(at, line, spoken).complete()
    return Stages(at, artifact, passed, line).lines()
