"""What a march was told to do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from enve.core.grouping import many
from enve.errors import Unconfirmed
from enve.model.blueprint import Keyhole
from enve.model.march import SignedPlan
from enve.model.plan import RenderedPlan
from enve.model.site import Node

# Asks a person; the loop goes on meanwhile, so that connections stay alive.
Ask = Callable[[str], Awaitable[bool]]


@dataclass(frozen=True, slots=True)
class Orders:
    """The plan, where it may go, and how.

    `nodes`: all that may be looked at (the inventory within --limit): also those that the plan
    has left. `signed`: the plan comes out of a file, signed; `plan` then is its content.
    """

    plan: RenderedPlan
    nodes: tuple[Node, ...]
    keyholes: Mapping[str, tuple[Keyhole, ...]] = field(default_factory=dict)  # by node
    signed: SignedPlan | None = None
    check: bool = False
    show_diff: bool = False
    yes: bool = False
    key: str = ""  # the key that was chosen to sign, "" = none in particular
    replace_plan: str = ""
    force_base: str = ""
    allow_both: bool = False
    confirm_above: int | None = None  # nodes; None = the default of `confirm`
    out: Path | None = None
    who: str = ""
    forks: int = 64
    deadline: float = 300.0  # seconds for each node, from the sending on
    patient: bool = False  # stages that are at work are waited for beyond it
    connect_deadline: float = 20.0

    @property
    def keys(self) -> dict[str, Keyhole]:
        """One keyhole for each key that any node's blueprint names, by fingerprint."""
        return {hole.fingerprint: hole for holes in self.keyholes.values() for hole in holes}

    @property
    def lane(self) -> str:
        return self.plan.lane


UNATTENDED = 20  # nodes that may change with no terminal to ask on and no --yes


@dataclass(frozen=True, slots=True)
class Impact:
    """`moving`: nodes that change; `drift`: wants set by hand that would be set back; `clears`:
    everything that the plan has placed would go."""

    moving: int
    drift: int = 0
    clears: bool = False


async def confirm(orders: Orders, ask: Ask | None, question: str, impact: Impact) -> None:
    """Go on, or raise Unconfirmed."""
    if orders.yes or not (impact.moving or impact.drift):
        return
    if ask is None:
        _unattended(orders, impact)
        return
    verb = "Sign" if orders.out else "March"
    all_goes = " (all that the plan has placed goes)" if impact.clears else ""
    if asks(orders, impact) and not await ask(f"{question}{all_goes}. {verb}?"):
        raise Unconfirmed("not marched: nothing was signed or sent")


def asks(orders: Orders, impact: Impact) -> bool:
    """Whether somebody at a terminal is asked."""
    wanted = impact.moving > (orders.confirm_above or 0) or impact.drift > 0 or impact.clears
    return wanted and not (orders.yes or orders.check)


def _unattended(orders: Orders, impact: Impact) -> None:
    moving, drift = impact.moving, impact.drift
    if drift:
        raise Unconfirmed(
            f"{_wants(drift)} set by hand and would be set back; nothing was signed or sent",
            hint="--yes sets them back; there is no terminal to ask on",
        )
    if impact.clears:
        raise Unconfirmed(
            f"the plan has no units left: all that it placed on {many(moving, 'node')} would go;"
            " nothing was signed or sent",
            hint="--yes marches it; there is no terminal to ask on",
        )
    limit = UNATTENDED if orders.confirm_above is None else orders.confirm_above
    if moving > limit:
        raise Unconfirmed(
            f"{moving} nodes would change, more than {limit}; nothing was signed or sent",
            hint="--yes marches; there is no terminal to ask on (setting: confirm_above)",
        )


def _wants(number: int) -> str:
    return "1 want was" if number == 1 else f"{number} wants were"
