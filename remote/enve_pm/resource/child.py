"""What a pm knows of one pm below it."""

from __future__ import annotations

import os

from enve_pm.resource.lodging import Lodging

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from enve_pm.shell.events.loop import Loop
    from enve_pm.shell.events.timer import Timer

OWED = "owed"  # in place of a plan: what it shall run could not be handed down yet


class SubPm:
    """`lines`: what it shall run; `plan`: the hash under which these were placed last."""

    __slots__ = (
        "alive",
        "filling",
        "input",
        "lines",
        "lodging",
        "march",
        "number",
        "plan",
        "report",
        "tell",
        "timer",
        "took",
        "user",
        "watching",
    )

    def __init__(self) -> None:
        self.lines: dict[str, str] = {}
        self.plan = ""
        self.march = False  # they override what was set by hand there, when it hears of them
        self.filling = 0  # branches that copy blobs for it
        self.timer: Timer | None = None  # until they are handed down again
        self.report: dict[str, Any] = {}  # as published last
        self.lodging: Lodging | None = None
        self.user = ""
        self.input = -1
        self.tell = -1
        self.alive = False
        self.took = 0  # ms of the last look at what it shows, and of all that came of it
        self.number = 0  # of the run that has not said yet that it is there, else 0
        self.watching = False

    def close(self, loop: Loop) -> None:
        """Let go of our ends of its pipes."""
        if self.tell >= 0:
            loop.unwatch(self.tell)
            os.close(self.tell)
        if self.input >= 0:
            os.close(self.input)
        self.tell = self.input = -1
        self.watching = False

    # -- over a change of program ------------------------------------------------------------------
    def dump(self) -> dict[str, Any]:
        row = {key: getattr(self, key) for key in CARRIED}
        return {**row, "lodging": list(self.lodging) if self.lodging else None}


CARRIED = ("lines", "plan", "user", "input", "tell", "alive", "number")


def restore(row: dict[str, Any]) -> SubPm:
    """The one that `dump` wrote down."""
    sub = SubPm()
    for key in CARRIED:
        setattr(sub, key, row[key])
    sub.lodging = Lodging(*row["lodging"]) if row["lodging"] else None
    return sub
