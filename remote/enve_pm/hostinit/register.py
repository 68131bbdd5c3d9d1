"""Who brings pm back after a crash and a reboot: the host's init, else pm's own outer loop, which
cron can start at boot."""

from __future__ import annotations

from glob import glob
from itertools import chain

from enve_pm.hostinit import busybox, cron, runit, script, systemd
from enve_pm.hostinit.another import Another
from enve_pm.hostinit.busybox import Busybox
from enve_pm.hostinit.cron import Cron
from enve_pm.hostinit.cygrunsrv import Cygrunsrv
from enve_pm.hostinit.kept import NAME, as_root
from enve_pm.hostinit.launchd import Launchd
from enve_pm.hostinit.nobody import Nobody, Rooted
from enve_pm.hostinit.openrc import OpenRC
from enve_pm.hostinit.problem import Problem
from enve_pm.hostinit.rcd import RcD
from enve_pm.hostinit.runit import Runit
from enve_pm.hostinit.systemd import Systemd
from enve_pm.hostinit.sysvinit import SysVInit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from enve_pm.hostinit.keeper import Keeper
    from enve_pm.hostinit.kept import Kept

    Make = Callable[[Kept], Keeper]

AUTO = "auto"
# Those of a system can start any login's pm as well.
SYSTEM: dict[str, Make] = {
    "systemd": lambda kept: Systemd(kept, user=False),
    "openrc": OpenRC,  # before those inits that may have started it
    "runit": Runit,
    "busybox": Busybox,
    "sysvinit": SysVInit,
    "rc.d": RcD,
    "launchd": Launchd,
    "cygrunsrv": Cygrunsrv,
}
USER: dict[str, Make] = {
    "systemd": lambda kept: Systemd(kept, user=True),
    "launchd": lambda kept: Launchd(kept, user=True),
}
ANY: dict[str, Make] = {"cron": Cron, "none": Nobody, "pm": Another}
FILES = (systemd.SYSTEM_UNITS + "/%s*.service", script.SCRIPTS + "/%s*", runit.FOLDERS + "/%s*")

NOT_COVERED = "a reboot is not covered: nothing that we know can start pm again on this node; "
BY_HAND = "have `%s/pm run --respawn --detach` started at boot"
LINGER = "have root run `loginctl enable-linger %s`, then deploy with `register: systemd`"


def known(kept: Kept, system: bool) -> dict[str, Make]:
    """What can keep this pm, by name; in the order in which they are looked for. A login's pm that
    root registers is the system's init's matter alone."""
    if kept.login:
        return SYSTEM
    return {**(SYSTEM if system else USER), **ANY}


def choose(asked: str, kept: Kept, system: bool) -> Keeper:
    """The keeper for what was asked: auto, or one of the above by its name. Raises Problem."""
    if asked == AUTO:
        theirs = [] if system or kept.login else rooted(kept)
        found = next(chain(theirs, (one for one in _all(kept, system) if one.usable())), None)
        if found is None:
            raise Problem("no init that we know runs this machine")
        return found
    makes = known(kept, system)
    if asked not in makes:
        raise Problem(
            "`register: %s` is for a system install" % asked,
            "use `register: auto`; or " + as_root(kept.home, "install"),
        )
    keeper = makes[asked](kept)
    if not keeper.usable():
        raise Problem("`register: %s` can't be had on this node" % asked, "use `register: auto`")
    return keeper


def rooted(kept: Kept) -> list[Keeper]:
    """Where root has registered this login's pm with the system's init: that."""
    theirs = kept._replace(login=systemd.login())
    return [Rooted(kept, one) for one in (make(theirs) for make in SYSTEM.values()) if one.there()]


def not_covered(home: str, system: bool) -> str:
    """The warning that nobody starts pm after a reboot, and what can be done about it."""
    if system:
        return NOT_COVERED + BY_HAND % home
    if systemd.booted():
        return NOT_COVERED + LINGER % systemd.login()
    return NOT_COVERED + as_root(home, "install")


def there(kept: Kept, system: bool) -> list[Keeper]:
    """Those that know this pm, whatever was written down."""
    found = [] if system or kept.login else rooted(kept)
    return found + [one for one in _all(kept, system) if one.there()]


def besides(keeper: Keeper, kept: Kept, system: bool) -> list[Keeper]:
    """Those that know this pm too, from another time, and would end it if they forgot it. (Cron
    would not, so it does.)"""
    found = [one for one in _all(kept, system) if one.kind != keeper.kind and one.there()]
    return [one for one in found if not (isinstance(one, Cron) and one.remove())]


def _all(kept: Kept, system: bool) -> list[Keeper]:
    return [make(kept) for make in known(kept, system).values()]


def others() -> bool:
    """Whether another system install is registered here: then group and user are still in use."""
    found = any(glob(path % NAME) for path in FILES)
    return found or busybox.registered() or cron.registered()
