"""Units that are stages of a product: `lua-5.4.4!build@web`, `nginx-1.22!setup@shop@web`.

A root that a product gets is made of units `root!settle@web`, `mount-1!settle@web`, of other kinds.
Whose such a unit is follows from its name alone: it belongs to the spot behind its last `@`. Rights
and ceilings are judged by that spot, so no field of a line has to be trusted for it.
"""

from __future__ import annotations

from enve_pm.core.lean import namedtuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Sequence

SETTLE = "settle"
BUILD, INSTALL, SETUP = STAGES = ("build", "install", "setup")

# variant: of a setup, as it stands in the name, "": it is the only one
Name = namedtuple("Name", "product stage variant spot")


def split(name: str) -> Name | None:
    """What the name of a unit (within its pm) says; None for one that is no stage."""
    product, bang, rest = name.partition("!")
    stage, at, place = rest.partition("@")
    variant, second, spot = place.rpartition("@")
    if not (product and bang and at and spot) or stage not in STAGES or (second and not variant):
        return None
    return Name(product, stage, variant, spot)


def spot(name: str) -> str:
    """The spot that a stage belongs to; "" for a unit that is no stage."""
    found = split(name)
    return "" if found is None else str(found.spot)


def settled(name: str) -> str:
    """The spot whose root it is a part of (`root!settle@web`); "" for a unit that is none."""
    part, bang, place = name.partition("!" + SETTLE + "@")
    return place if part and bang and "@" not in place and "!" not in part else ""


def owner(steps: Sequence[str]) -> tuple[str, ...]:
    """An address, with the spot in the place of its stage, or of a part of its root."""
    return (*steps[:-1], spot(steps[-1]) or settled(steps[-1]) or steps[-1])
