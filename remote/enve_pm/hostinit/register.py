"""Who brings pm back after a crash and a reboot: systemd, else pm's own outer loop with cron."""

from __future__ import annotations

import glob

from enve_pm.hostinit import cron, systemd
from enve_pm.hostinit.cron import MARK, Cron
from enve_pm.hostinit.problem import Problem
from enve_pm.hostinit.systemd import SYSTEM_UNITS, Systemd

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Union

    Keeper = Union[Systemd, Cron, "Nobody"]

NOT_COVERED = "a reboot is not covered: neither systemd nor cron can start pm again on this node; "
BY_HAND = "have `%s/pm run --respawn --detach` started at boot"
LINGER = "have root run `loginctl enable-linger %s`, then deploy with `register: systemd`"


class Nobody:
    """pm's outer loop alone: a crash is covered, a reboot is not."""

    kind = "none"
    path = ""

    def __init__(self, home: str) -> None:
        self.home = home

    def usable(self) -> bool:
        return True

    def register(self) -> bool:
        """Nothing to register with."""
        return False

    def start(self) -> None:
        """Start pm now, in a session of its own."""
        cron.start(self.home)

    def remove(self) -> bool:
        return False


def choose(asked: str, home: str, system: bool) -> Keeper:
    """The keeper for what was asked: auto, systemd, cron, none."""
    candidates: dict[str, Keeper] = {
        "systemd": Systemd(home, user=not system),
        "cron": Cron(home),
        "none": Nobody(home),
    }
    if asked in candidates:
        keeper = candidates[asked]
        if not keeper.usable():
            raise Problem(
                "`register: %s` can't be had on this node" % asked, "use `register: auto`"
            )
        return keeper
    return next(keeper for keeper in candidates.values() if keeper.usable())


def not_covered(home: str, system: bool) -> str:
    """The warning that nobody starts pm after a reboot, and what can be done about it."""
    if system or not systemd.booted():
        return NOT_COVERED + BY_HAND % home
    return NOT_COVERED + LINGER % systemd.login()


def by_kind(kind: str, home: str) -> Keeper:
    """The keeper that an earlier deploy has chosen, by its `kind`."""
    if kind in ("systemd", "systemd-user"):
        return Systemd(home, user=kind == "systemd-user")
    return Cron(home) if kind == "cron" else Nobody(home)


def others() -> bool:
    """Whether another system install is registered here: then group and user are still in use."""
    units = glob.glob("%s/enve-pm*.service" % SYSTEM_UNITS)
    return bool(units) or any(row.endswith(MARK) for row in cron.rows() or ())
