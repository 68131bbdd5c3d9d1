"""Ids and capabilities, put on for good."""

from __future__ import annotations

import os

from enve_pm.core import capability
from enve_pm.enter import kernel

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

LAST = 63  # a number that no kernel will have soon


def mask(names: Sequence[str]) -> int:
    return sum(1 << capability.NAMES.index(name) for name in names)


def bound(keep: int) -> None:
    """No program that is executed from now on gets others: the bounding set."""
    for number in range(LAST + 1):
        if keep >> number & 1:
            continue
        try:
            kernel.prctl(kernel.CAPBSET_READ, number)
        except OSError:
            return  # the kernel has no more
        kernel.prctl(kernel.CAPBSET_DROP, number)


def keep_over_change() -> None:
    """The next change of user leaves us what we may."""
    kernel.prctl(kernel.SET_KEEPCAPS, 1)


def hold(keep: int) -> None:
    """Just these from now on, over the execution of the command too."""
    kernel.set_capabilities(keep)
    kernel.prctl(kernel.CAP_AMBIENT, kernel.AMBIENT_CLEAR_ALL)
    for number in range(LAST + 1):
        if keep >> number & 1:
            kernel.prctl(kernel.CAP_AMBIENT, kernel.AMBIENT_RAISE, number)


def hold_none() -> None:
    """A change of user leaves one set: what programs inherit that take it."""
    kernel.set_capabilities(0)


def no_new() -> None:
    """Nothing that is executed gets more rights than its caller: setuid and the like."""
    kernel.prctl(kernel.SET_NO_NEW_PRIVS, 1)


def become(uid: int, gid: int, groups: Sequence[int]) -> None:
    os.setgroups(list(groups))
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
