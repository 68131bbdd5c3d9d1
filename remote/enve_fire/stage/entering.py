"""The way into a root, for what takes the place of this process: pm's own (`enve_pm.enter`), by the
order that a unit of a node has for it.

In a jail a child goes on, as the first process of its own processes; this one stays for those who
know it (`stage.walls.follower`).
"""

from __future__ import annotations

import errno
import os

from enve_fire.core.trouble import FAILED, MISSING
from enve_fire.stage.walls import follower
from enve_pm.enter.order import Orders
from enve_pm.enter.passage import Passage, Stop

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import NoReturn

_EXEC = "exec:"


def enter(room: Mapping[str, str], argv: Sequence[str], env: Mapping[str, str]) -> NoReturn:
    """`room`: of `settle.room`. There is no way back: what fails is told, and ends with
    MISSING where it is the program, else with FAILED."""
    try:
        machine = follower.Machine(room["root"])
        _Own(_orders(room, argv, env), machine.fork).go()
    except Stop as stop:
        reason = str(stop)
    except OSError as error:
        reason = str(error.strerror)
    told = "error: %s cannot run in %s: %s\n" % (argv[0], room["root"], _plain(reason))
    os.write(2, told.encode("utf-8", "replace"))
    os._exit(MISSING if reason.startswith(_EXEC) else FAILED)


class _Own(Passage):
    """Into a root that we have laid: the kernel says what we may, also where we are not root."""

    def _only_root(self) -> None:
        pass


def _orders(room: Mapping[str, str], argv: Sequence[str], env: Mapping[str, str]) -> Orders:
    found = Orders()
    found.argv, found.env, found.cwd = list(argv), env, "/"
    found.nice, found.rlimits, found.whom = 0, {}, None
    found.umask = os.umask(0o77)
    os.umask(found.umask)
    found.room = {"spot": "/", **room}
    found.room["namespaces"] = room.get("namespaces", "").split()
    return found


def _plain(reason: str) -> str:
    number = getattr(errno, reason[len(_EXEC) :], 0) if reason.startswith(_EXEC) else 0
    return os.strerror(number) if number else reason
