"""What a running unit needs before changed parameters are in force (contracts, section 2)."""

from __future__ import annotations

from enve_pm.core import stages, states
from enve_pm.core.unit import DEFAULTS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from enve_pm.core.unit import UnitSpec

# Keys that the running process, or the resource as it stands, never sees.
LIVE = frozenset(
    [
        "secret_env",
        "needs",
        "wants",
        "after",
        "on_restart",
        "restart",
        "restart_max",
        "start_timeout",
        "stop_signal",
        "stop_timeout",
        "reload",
        "undo",
        "excl",
        "check_every",
        "drift",
        "each",
        "health",
        "log_size",
        "log_keep",
        "single",
    ]
)
KEYS = (*DEFAULTS, "body", "room")
# `want` is a wish of its own: it is never a difference between parameters.
NEVER = frozenset(("want",))


def changed(old: UnitSpec, new: UnitSpec) -> list[str]:
    """The keys whose values differ (an absent key equals its default), in the line's order."""
    if old is new:
        return []
    return [key for key in KEYS if key not in NEVER and getattr(old, key) != getattr(new, key)]


def identity(spec: UnitSpec) -> dict[str, Any]:
    """All that makes it another one: what a change of is more than live."""
    keys = {key: getattr(spec, key) for key in KEYS if key not in NEVER | LIVE}
    if not spec.room:
        del keys["room"]  # it may be compared with what was written before there were any
    return keys


def change_class(old: UnitSpec, new: UnitSpec) -> str:
    """ "" | live | reload | restart: the least that brings `new` into force where `old` runs."""
    differs = changed(old, new)
    keys = set(differs) - LIVE
    if keys and not (keys == {"files"} and new.reload):
        return states.RESTART
    found = states.RELOAD if keys else states.LIVE if differs else states.FRESH
    return strongest(found, _by_stages(old, new)) if "needs" in differs else found


def _by_stages(old: UnitSpec, new: UnitSpec) -> str:
    """What it answers to stages that it has not run on before: another setup, such as that of
    another `cfgpath`, is another config."""
    found = states.FRESH
    for name in new.needs:
        if name not in old.needs and stages.spot(name):
            answer = new.on_restart.get(name, states.RESTART)
            found = strongest(found, answer) if answer in states.STALENESS else found
    return found


def strongest(one: str, other: str) -> str:
    """The stronger of two classes."""
    return max(one, other, key=states.STALENESS.index)
