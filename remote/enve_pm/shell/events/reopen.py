"""A pipe that somebody deleted, or put something else in the place of, is read again: pm opens what
stands there (or makes it), under the number that the old one had, and has the watchdog do the same.
No service notices."""

from __future__ import annotations

import os

from enve_pm.shell.complain import complain
from enve_pm.shell.events import pipes
from enve_pm.shell.guard import heartbeat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from enve_pm.shell.events.loop import Loop
    from enve_pm.shell.guard.lifeline import Lifeline


class Reopen:
    """`listen[which]` reads from that pipe again."""

    def __init__(self, loop: Loop, life: Lifeline, listen: dict[str, Callable[[], None]]) -> None:
        self._loop = loop
        self._life = life
        self._listen = listen
        self._told = ""

    def look(self, which: str) -> bool:
        """True when it had to be put back. Raises pipes.NoFifo, OSError."""
        post = self._life.post
        path, fd = pipes.place(which, post)
        if fd < 0 or pipes.stands(path, fd):
            return False
        new = pipes.open_one(which, post)
        self._loop.unwatch(fd)
        os.dup2(new, fd, inheritable=False)
        os.close(new)
        self._listen[which]()
        self._life.ask(heartbeat.REOPEN, which)
        return True

    def at_beat(self) -> None:
        """Without the owner's pipe nobody could ask us to look: so we do, now and then."""
        try:
            self.look(pipes.INPUT)
            self._told = ""
        except (pipes.NoFifo, OSError) as error:
            if str(error) != self._told:
                self._told = str(error)
                complain("pm: its pipe cannot be put back: %s" % error)
