"""Shelves: the folders of a store, each of one user and one catalog.

STORE/alice-build   STORE/alice-private-build   STORE/build (shared)   and -0 .. -3 of each,
which an administrator can put on other disks
"""

from __future__ import annotations

import os

from enve_fire.core.trouble import FAILED, Trouble
from enve_fire.store import entry as entries
from enve_fire.store import trust
from enve_fire.store.wanted import SHARDS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterator

ROOM, PART = 1 << 30, 20  # bytes that stay free on a disk, or one part of so many
_SIGNS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-+$")


_users = {0: "root"}


def user(uid: int) -> str:
    """What the folders of a user begin with. (A directory service may take its time to tell.)"""
    if uid not in _users:
        _users[uid] = _user(uid)
    return _users[uid]


def _user(uid: int) -> str:
    import pwd

    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
    return name if set(name) <= _SIGNS and name != "root" else str(uid)


def names(who: str, catalog: str, private: bool) -> list[str]:
    stem = "%s%s-%s" % (who, "-private" if private else "", catalog)
    return [stem + shard for shard in SHARDS]


def to_read(store: str, catalog: str, private: bool, me: int) -> Iterator[str]:
    """Paths of those that are looked at, in order: mine, root's, what is shared."""
    for uid in (me,) if private or me == 0 else (me, 0):
        for name in names(user(uid), catalog, private):
            if trust.folder(store + "/" + name, uid, hidden=private):
                yield store + "/" + name
    for shard in () if private else SHARDS:
        path = "%s/%s%s" % (store, catalog, shard)
        if trust.folder(path, me) or trust.folder(path, 0):
            yield path


def mine(store: str, catalog: str, private: bool, me: int) -> list[str]:
    """Those that I may write to; made if there is none. Raises Trouble, OSError."""
    found = _mine(store, catalog, private, me)
    wanted, mode = names(user(me), catalog, private), 0o700 if private else 0o755
    if not found:
        _make(store, wanted, mode)
        found = _mine(store, catalog, private, me)
    if not found and me == 0 and _cleared(store, wanted):
        _make(store, wanted, mode)
        found = _mine(store, catalog, private, me)
    if not found:
        text = "%s: every folder for %s of %s is another user's" % (store, catalog, user(me))
        raise Trouble(FAILED, text, "root removes them; or set ENVE_STORE to a folder of your own")
    return found


def _mine(store: str, catalog: str, private: bool, me: int) -> list[str]:
    paths = to_read(store, catalog, private, me)
    return [path for path in paths if os.lstat(path).st_uid == me and os.access(path, os.W_OK)]


def _make(store: str, wanted: list[str], mode: int) -> None:
    """The first of these whose name nobody has taken."""
    for name in wanted:
        try:
            os.mkdir(store + "/" + name, 0o700)
        except FileExistsError:
            continue
        os.chmod(store + "/" + name, mode)  # the umask has no say
        return


def _cleared(store: str, wanted: list[str]) -> bool:
    """Whether root has put one aside that another user made under root's name: there is no reason
    for him but to keep root out. It is not deleted, nor is anything done in it."""
    for name in wanted:
        path = store + "/" + name
        try:
            if os.lstat(path).st_uid != 0:
                os.rename(path, "%s/.aside-%s" % (store, os.urandom(6).hex()))
                return True
        except OSError:
            continue  # it is gone, or something is mounted there
    return False


def furnish(path: str, me: int) -> None:
    """What a shelf has beside its entries. Only its owner may open the locks: whoever can open a
    file can hold its lock for ever."""
    mode = os.lstat(path).st_mode & 0o755
    for name in (entries.META, entries.USED, entries.ROOTS, entries.FAILED, entries.LOCK):
        inner = path + "/" + name
        try:
            os.mkdir(inner, 0o700)
        except FileExistsError:
            if not trust.inner(inner, me):
                raise Trouble(FAILED, "%s is another user's" % inner, "remove it") from None
            continue
        os.chmod(inner, 0o700 if name == entries.LOCK else mode)


def roomy(path: str) -> bool:
    """Whether there is room on its disk for more."""
    state = os.statvfs(path)
    return state.f_bavail * state.f_frsize >= max(ROOM, state.f_blocks * state.f_frsize // PART)


def roomiest(paths: list[str]) -> str:
    """The first with room; if none has, the one that has most."""
    for path in paths:
        if roomy(path):
            return path
    return max(paths, key=lambda path: os.statvfs(path).f_bavail * os.statvfs(path).f_frsize)
