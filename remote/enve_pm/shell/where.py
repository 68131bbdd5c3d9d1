"""Which pm a command means: HOME and PIPE from its options, the environment, or the defaults."""

from __future__ import annotations

import os

from enve_pm.core.filename import quote
from enve_pm.shell import program

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SYSTEM_HOME = "/var/opt/pm"
SYSTEM_PIPE = "/var/pm/default.pipe"
FLAGS = {"--home": True, "--pipe": True}


def home(options: Mapping[str, str]) -> str:
    """--home, PMHOME, the HOME that this program lies in, or the default for this user."""
    given = options.get("--home") or os.environ.get("PMHOME") or program.home_of(program.here())
    return os.path.abspath(given) if given else default_home()


def nested(home: str, above: Iterable[str]) -> str:
    """The HOME of the sub-pm that these names lead to, from this one on."""
    return home + "".join(f"/spots/{quote(name)}" for name in above)


def default_home() -> str:
    if os.geteuid() == 0:
        return SYSTEM_HOME
    state = os.environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")
    return f"{state}/pm"


def pipe(options: Mapping[str, str], home: str) -> str:
    """--pipe, PMPIPE, or the one that belongs to this HOME."""
    given = options.get("--pipe") or os.environ.get("PMPIPE")
    if given:
        return os.path.abspath(given)
    return SYSTEM_PIPE if home == SYSTEM_HOME else f"{home}/run/default.pipe"
