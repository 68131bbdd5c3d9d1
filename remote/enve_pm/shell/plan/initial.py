"""The init stream: what pm begins with as long as it holds no plan, and so also after the loss of
its state. A file, brought by a child (`enve_pm.loader`); nothing but its place is trusted.
"""

from __future__ import annotations

import os

from enve_pm.core import brought
from enve_pm.core.canonical import dumps
from enve_pm.core.refusal import Refused
from enve_pm.shell.complain import complain
from enve_pm.shell.events.branch import rows
from enve_pm.shell.guard import program
from enve_pm.shell.plan.delivery import Delivery
from enve_pm.shell.process.spawn import SpawnError, helper
from enve_pm.shell.state.files import Files
from enve_pm.shell.state.handle import read_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from enve_pm.shell.events.loop import Loop
    from enve_pm.shell.plan.accept import Acceptor

STDIN = "-"
LARGEST = 256 << 20  # bytes
NAME = "init.stream"  # in HOME: what came on stdin
DEADLINE = 60_000  # ms


def place(given: str, home: str) -> str:
    """The path of an init stream; what comes on stdin is kept in HOME. Where nothing comes, as when
    an init starts it again, what was kept stays. Raises OSError."""
    if given != STDIN:
        return os.path.abspath(given)
    path, data = "%s/%s" % (home, NAME), read_all(0, LARGEST)
    if data:
        os.makedirs(home, 0o711 if os.geteuid() == 0 else 0o700, exist_ok=True)
        Files().replace(path, data, sync=True)
    return path


class Initial:
    """Brings it, and tries again after a while if that fails."""

    def __init__(self, loop: Loop, acceptor: Acceptor, home: str, path: str) -> None:
        self._loop = loop
        self._acceptor = acceptor
        self._folder = home + "/initial"
        self._path = path
        self._failures = 0

    def begin(self) -> None:
        """Nothing to do where a plan is held."""
        if self._acceptor.plans.held:
            return
        try:
            os.makedirs(self._folder, 0o700, exist_ok=True)
            self._start()
        except OSError as error:
            self._failed("%s: %s" % (error.filename or "system", error.strerror))
        except SpawnError as error:
            self._failed(error.reason)
        except Refused as refused:
            self._failed(refused.reason)

    def _start(self) -> None:
        asked = {
            "node": self._acceptor.node(),
            "folder": self._folder,
            "size": LARGEST,
            "ms": DEADLINE,
            "again": False,
            "source": {"file": self._path},
        }
        delivery = Delivery(self._loop, self._acceptor, self._folder + "/.inbox")
        given = rows(dumps(asked))
        try:
            argv = program.argv(program.here(), "_load")
            helper(self._loop, argv, {0: given, **delivery.fds}, lambda code: self._ended(delivery))
            delivery.begin()
        except BaseException:
            delivery.close()
            raise
        finally:
            os.close(given)

    def _ended(self, delivery: Delivery) -> None:
        """Of the child."""
        delivery.ended()
        if self._acceptor.plans.held:
            complain("pm: init stream %s: %s" % (self._path, delivery.text))
        else:
            self._failed(delivery.text)

    def _failed(self, why: str) -> None:
        if not self._failures:
            complain("pm: init stream %s: %s; it is tried again" % (self._path, why))
        self._failures += 1
        chance = self._loop.system.below(1000)
        due = self._loop.system.now() + brought.rest(0, self._failures, chance)
        self._loop.at(due, self.begin)
