"""The rights of a spot's user, put on and taken off by a child of a root pm.

The child runs none of that user's code; it only makes files with his effective ids, so that the
kernel judges each step as if he did it himself.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Callable


class UnknownUser(Exception):
    """The user or group of a spot does not exist on this node."""


class Within:
    """A `with` block between two calls (contextlib costs this short-lived child 3 ms)."""

    def __init__(self, enter: Callable[[], None], leave: Callable[[], None]) -> None:
        self._enter = enter
        self._leave = leave

    def __enter__(self) -> None:
        self._enter()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._leave()


def _nothing() -> None:
    """For a child that has the right ids already."""


class Rights:
    """user, group: names, "" = whoever runs this (and the user's own group)."""

    def __init__(self, user: str, group: str) -> None:
        self.uid, self.gid = os.geteuid(), os.getegid()
        self.user = user
        if self.uid == 0 and (user or group):
            self._look_up(user, group)
        self.other = (self.uid, self.gid) != (os.geteuid(), os.getegid())

    def _look_up(self, user: str, group: str) -> None:
        import grp
        import pwd

        try:
            if user:
                entry = pwd.getpwnam(user)
                self.uid, self.gid = entry.pw_uid, entry.pw_gid
            if group:
                self.gid = grp.getgrnam(group).gr_gid
        except KeyError:
            raise UnknownUser("user:%s does not exist" % (group or user)) from None

    @classmethod
    def of_owner(cls, handle: int) -> Rights:
        """Those of whoever owns the folder that we hold open; if we are not root, our own."""
        rights = cls("", "")
        if rights.uid == 0:
            state = os.fstat(handle)
            rights.uid, rights.gid = state.st_uid, state.st_gid
            rights.other = (rights.uid, rights.gid) != (os.geteuid(), os.getegid())
        return rights

    def give(self, handle: int) -> None:
        """Make the user the owner of a folder that we hold open."""
        state = os.fstat(handle)
        if self.other and (state.st_uid, state.st_gid) != (self.uid, self.gid):
            os.fchown(handle, self.uid, self.gid)

    def lowered(self) -> Within:
        """Within: with the user's effective ids and groups."""
        if not self.other:
            return Within(_nothing, _nothing)
        groups = os.getgroups()

        def leave() -> None:
            os.seteuid(0)
            os.setegid(0)
            os.setgroups(groups)

        return Within(self._enter, leave)

    def _enter(self) -> None:
        os.setgroups(self._groups())
        os.setegid(self.gid)
        os.seteuid(self.uid)

    def _groups(self) -> list[int]:
        return os.getgrouplist(self.user, self.gid) if self.user else [self.gid]

    def raised(self) -> Within:
        """Within `lowered`: root again, for one step."""
        if not self.other:
            return Within(_nothing, _nothing)
        return Within(lambda: os.seteuid(0), lambda: os.seteuid(self.uid))
