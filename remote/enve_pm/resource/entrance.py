"""Runs that are on their way in (see `enve_pm.enter`): the command is not executed yet.

The machine hears Spawned when it is, and SpawnFailed when a step on the way failed: only what comes
after that is the command's own doing.
"""

from __future__ import annotations

import os

from enve_pm.core.effects import Spawned, SpawnFailed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from enve_pm.resource.run import Run
    from enve_pm.shell.events.loop import Loop

LONGEST = 65536


class Entrance:
    """What one run says on its way. `heir`: the process that goes on in its place, 0: itself."""

    __slots__ = ("fd", "heir", "stop", "text", "told")

    def __init__(self, fd: int) -> None:
        self.fd = fd  # -1: it has said all
        self.text = b""
        self.stop = ""
        self.heir = 0
        self.told = False

    def read(self) -> bool:
        """Take what it has said by now; False at the end."""
        data = b"."
        while data:
            try:
                data = os.read(self.fd, LONGEST)
            except BlockingIOError:
                break
            self.text += data
        *lines, self.text = self.text.split(b"\n")
        for line in lines:
            word, _, rest = line.decode("utf-8", "replace").partition(" ")
            if word == "stop":
                self.stop = rest
            elif word == "pid" and rest.isdecimal():
                self.heir = int(rest)
        return bool(data)


class Entrances:
    """`announce(run, pid)`: that process will be the main one."""

    def __init__(
        self, loop: Loop, emit: Callable[[Any], None], announce: Callable[[Run, int], None]
    ) -> None:
        self._loop = loop
        self._emit = emit
        self._announce = announce
        self._entrances: dict[int, Entrance] = {}  # by the number of the run

    @property
    def quiet(self) -> bool:
        """Nobody is on his way: whoever follows us would not hear how it went."""
        return not self._entrances

    def watch(self, run: Run, fd: int) -> None:
        """What the run says comes from this descriptor, which is ours to close."""
        self._entrances[run.number] = Entrance(fd)
        self._loop.watch(fd, lambda: self.hear(run))

    def hear(self, run: Run) -> None:
        """Take what it says, and tell the machine when the command is executed."""
        entrance = self._entrances.get(run.number)
        if entrance is None:
            return
        if entrance.fd >= 0 and not entrance.read():
            self._close(entrance)
        if entrance.heir and entrance.heir != run.main:
            run.init = True
            self._announce(run, entrance.heir)
        if entrance.fd < 0 and not entrance.stop and not entrance.told:
            entrance.told = True
            self._emit(Spawned(run.unit, run.number, entrance.heir or run.main))
        if entrance.told and entrance.heir in (0, run.main):
            del self._entrances[run.number]

    def heir(self, run: Run) -> int:
        """The process that goes on, where that is known to be ours; else 0."""
        self.hear(run)
        entrance = self._entrances.get(run.number)
        return entrance.heir if entrance is not None and entrance.heir in run.orphans else 0

    def over(self, run: Run) -> str:
        """The run is over. Why its command was not executed, which has been said then; or empty."""
        self.hear(run)
        entrance = self._entrances.pop(run.number, None)
        if entrance is None or entrance.told:
            return ""
        self._close(entrance)
        if entrance.stop:
            self._emit(SpawnFailed(run.unit, run.number, entrance.stop))
        else:
            self._emit(Spawned(run.unit, run.number, run.main))  # it was killed on its way
        return entrance.stop

    def _close(self, entrance: Entrance) -> None:
        if entrance.fd >= 0:
            self._loop.unwatch(entrance.fd)
            os.close(entrance.fd)
            entrance.fd = -1
