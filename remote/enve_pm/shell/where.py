"""Which pm a command means: HOME and PIPE from its options, the environment, or the defaults."""

from __future__ import annotations

import os

from enve_pm.core.filename import quote
from enve_pm.shell.guard import program

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SYSTEM_HOME = "/var/opt/pm"
SYSTEM_PIPE = "/var/pm/default.pipe"
_STEP = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_OPEN = "/proc/self/fd/"
FLAGS = {"--home": True, "--pipe": True}


def home(options: Mapping[str, str]) -> str:
    """--home, PMHOME, the HOME that this program lies in, or the default for this user."""
    given = options.get("--home") or os.environ.get("PMHOME") or program.home_of(program.here())
    return os.path.abspath(given) if given else default_home()


def nested(home: str, above: Sequence[str], folder: str) -> str:
    """A folder in the HOME of the sub-pm that these names lead to, from this one on; it stays open,
    and its name means just that one. The sub-pm may be anybody's, so no link is followed on the way
    there. Raises OSError, with the path that people know."""
    if not above:
        return f"{home}/{folder}"
    steps = [step for name in above for step in ("spots", quote(name))]
    path = "/".join((home, *steps, folder))
    handle = os.open(home, _STEP & ~os.O_NOFOLLOW)
    for step in (*steps, *folder.split("/")):
        try:
            following = os.open(step, _STEP, dir_fd=handle)
        except OSError as error:
            raise type(error)(error.errno, error.strerror, path) from None
        finally:
            os.close(handle)
        handle = following
    return f"{_OPEN}{handle}"


def close(path: str) -> None:
    """What `nested` has opened is not needed any more."""
    if path.startswith(_OPEN):
        os.close(int(path[len(_OPEN) :]))


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
