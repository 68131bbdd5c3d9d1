"""The session keyring: keys in the kernel that are at hand for whoever inherits it, also over a
change of user. A login of root's may hold what opens disks and tickets of other machines.
"""

from __future__ import annotations

import os
import sys
from _struct import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

JOIN = 1  # KEYCTL_JOIN_SESSION_KEYRING
POINTER = Struct("P").size  # bytes
# The number of keyctl(2), by machine and size of a pointer.
NUMBERS = {
    ("aarch64", 4): 311,
    ("aarch64", 8): 219,
    ("armv6l", 4): 311,
    ("armv7l", 4): 311,
    ("armv8l", 4): 311,
    ("i586", 4): 288,
    ("i686", 4): 288,
    ("loongarch64", 8): 219,
    ("ppc64", 8): 271,
    ("ppc64le", 8): 271,
    ("riscv64", 8): 219,
    ("s390x", 8): 280,
    ("x86_64", 4): 288,
    ("x86_64", 8): 250,
}


def number() -> int:
    """Of keyctl(2) here; 0 where we know of none."""
    known = sys.platform == "linux"
    return NUMBERS.get((os.uname().machine, POINTER), 0) if known else 0


def renew() -> None:
    """As root: have a new one, without a key, that nobody else has; what we start next inherits
    it. Where the host has none, or a container forbids the call, nobody reads any either."""
    if os.geteuid() == 0:
        leave()


def leave() -> None:
    """The same, whoever we are."""
    prepare()
    _JOINS[0]()


def prepare() -> None:
    """Load what it takes, so that a child need not."""
    if not _JOINS:
        _JOINS.append(_join())


_JOINS: list[Callable[[], object]] = []  # one, made when it is needed first


def _join() -> Callable[[], object]:
    found = number()
    if not found:
        return lambda: None
    import ctypes

    call, words = ctypes.CDLL(None).syscall, (ctypes.c_long(found), ctypes.c_long(JOIN), None)
    return lambda: call(*words)
