"""Where a sub-pm lives and as whom: its user, its HOME in spots/, our side in sub/ and feed/."""

from __future__ import annotations

import os
import stat

from enve_pm.core import nesting, walls
from enve_pm.core.filename import quote
from enve_pm.core.lean import namedtuple
from enve_pm.shell.events import pipes
from enve_pm.shell.process.spawn import SpawnError
from enve_pm.shell.state.home import PASSABLE, PRIVATE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from enve_pm.core.unit import UnitSpec

# uid, gid: of the sub-pm · home: its HOME · side: what only we see · feed: what it reads · mode: of
# its HOME
Lodging = namedtuple("Lodging", "uid gid home side feed mode", defaults=(PRIVATE,))

NOBODY = "nobody"
PASS = 0o011


def lodging(home: str, spec: UnitSpec, users: Mapping[str, str], own: str) -> Lodging:
    """Judge a sub-pm's mode and user, without making anything. `users`: {other sub-pm: its user};
    `own`: the kind of the pm above it (see `core.nesting`). Raises SpawnError, whose reason is
    shown."""
    try:
        nesting.check((own, walls.kind(spec.mode, spec.room)))
    except nesting.NestingError as error:
        raise SpawnError(f"nesting:{error}") from None
    uid, gid = _identity(spec, users, own)
    name = quote(spec.unit)
    mode = PASSABLE if spec.mode == "root" else PRIVATE  # root's units may run as other users
    sub, feed = f"{home}/sub/{name}", f"{home}/feed/{name}"
    return Lodging(uid, gid, f"{home}/spots/{name}", sub, feed, mode)


def _identity(spec: UnitSpec, users: Mapping[str, str], own: str) -> tuple[int, int]:
    """uid and gid. Below root each sub-pm of mode user has a user of its own; an install for one
    login, also root's, has that user only."""
    import pwd

    if "users" in spec.room:
        return spec.room["users"], spec.room["users"]
    if nesting.letter(own) == nesting.USER or os.geteuid() or spec.mode == "root":
        if spec.user and not _is_us(spec.user):
            raise SpawnError("user:only root's pm runs a sub-pm as another user")
        return os.geteuid(), os.getegid()
    if not spec.user:
        raise SpawnError("user:mode user below root wants a user of its own, found none")
    taken = [name for name, user in users.items() if user == spec.user]
    if taken:
        raise SpawnError(f"user:{spec.user} is the user of sub-pm {taken[0]} already")
    try:
        entry = pwd.getpwnam(spec.user)
    except KeyError:
        raise SpawnError(f"user:{spec.user} does not exist") from None
    if spec.user == NOBODY or entry.pw_uid == 0:
        raise SpawnError(f"user:{spec.user} cannot be the user of a sub-pm: give it its own")
    return entry.pw_uid, entry.pw_gid


def _is_us(user: str) -> bool:
    """A root of its own need not know who we are."""
    import pwd

    try:
        return pwd.getpwnam(user).pw_uid == os.geteuid()
    except KeyError:
        return False


def make(home: str, where: Lodging) -> None:
    """Make the folders with their owners and modes. Raises OSError."""
    for path in (f"{home}/sub", f"{home}/feed", f"{home}/spots"):
        os.makedirs(path, 0o700, exist_ok=True)
    _folder(where.side, os.geteuid(), os.getegid(), 0o700)
    _folder(where.feed, os.geteuid(), where.gid, 0o750)
    _folder(where.home, where.uid, where.gid, where.mode)
    if where.mode == PASSABLE or where.uid != os.geteuid():  # nothing in these can be listed
        for path in (home, f"{home}/feed", f"{home}/spots"):
            os.chmod(path, stat.S_IMODE(os.stat(path).st_mode) | PASS)


def open_input(where: Lodging) -> int:
    """The pipe for our commands, in our own folder: a new one, as who has lived there before may
    still have a hand on the other."""
    path = f"{where.side}/input"
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass
    return pipes.open_fifo(path, 0o600)


def _folder(path: str, uid: int, gid: int, mode: int) -> None:
    """A folder of ours, or given to a sub-pm's user, who may have closed it to himself, and so to a
    pm that is him too: never through a link."""
    try:
        os.mkdir(path, 0o700)
    except FileExistsError:
        pass
    fd = os.open(path, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    place = "/proc/self/fd/%d" % fd
    try:
        state = os.fstat(fd)
        if (state.st_uid, state.st_gid) != (uid, gid):
            os.chown(place, uid, gid)
        os.chmod(place, mode)
    finally:
        os.close(fd)
