"""Sockets that are pm's own, for its units: a restart of the process, or of pm's program, closes
none of them, so whoever connects meanwhile waits a moment and is served.

They are there from the first start of a unit on, until it is stopped for good, leaves the plan, or
its line says another socket in their place.
"""

from __future__ import annotations

import os

from enve_pm.core import listening
from enve_pm.shell.events.system import Whom
from enve_pm.shell.process import listener
from enve_pm.shell.process.spawn import SpawnError, whom

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from enve_pm.core.unit import UnitSpec
    from enve_pm.shell.events.system import System
    from enve_pm.shell.state.home import Home


class Held:
    """One socket. `path`: what it left in the file system, or empty; `as_`: with whose rights."""

    __slots__ = ("as_", "body", "fd", "path")

    def __init__(self, body: Mapping[str, Any], fd: int, path: str, as_: Whom | None) -> None:
        self.body = body
        self.fd = fd
        self.path = path
        self.as_ = as_


class Sockets:
    """All that one pm holds: {unit: {name: Held}}."""

    def __init__(self, system: System, home: Home) -> None:
        self._system = system
        self._home = home
        self._held: dict[str, dict[str, Held]] = {}

    def give(self, spec: UnitSpec, env: dict[str, str], fds: dict[int, int]) -> None:
        """Put the unit's sockets into what it is started with (sd_listen_fds(3)); the way in says
        LISTEN_PID. Raises SpawnError."""
        wanted: Mapping[str, Any] = spec.room.get("sockets", {})
        self._let_go(spec.unit, wanted)
        for number, (name, body) in enumerate(wanted.items(), listening.FIRST):
            fds[number] = self._hold(spec, name, body).fd
        if wanted:
            env["LISTEN_FDS"] = str(len(wanted))
            env["LISTEN_FDNAMES"] = ":".join(wanted)

    def _hold(self, spec: UnitSpec, name: str, body: Mapping[str, Any]) -> Held:
        mine = self._held.setdefault(spec.unit, {})
        if name not in mine:
            folder, as_ = self._home.spot(spec.unit), whom(spec.user, spec.group)
            try:
                fd = listener.listen(self._system, body, folder, as_)
            except OSError as error:
                what = "%s: %s" % (body["listen"], error.strerror or error)
                raise SpawnError("sockets:%s: %s" % (name, what)) from None
            inet = listening.is_inet(body["listen"])
            mine[name] = Held(body, fd, "" if inet else os.path.join(folder, body["listen"]), as_)
        return mine[name]

    def units(self) -> list[str]:
        """Those that have any."""
        return list(self._held)

    def drop(self, unit: str) -> None:
        """Nobody shall connect any more."""
        self._let_go(unit, {})

    def close(self) -> None:
        """pm ends in order."""
        for unit in self.units():
            self.drop(unit)

    def _let_go(self, unit: str, wanted: Mapping[str, Any]) -> None:
        mine = self._held.get(unit, {})
        for name in [name for name, held in mine.items() if wanted.get(name) != held.body]:
            held = mine.pop(name)
            os.close(held.fd)
            if held.path:
                listener.forget(self._system, held.path, held.as_)
        if not mine:
            self._held.pop(unit, None)

    # -- over a change of program ------------------------------------------------------------------
    def dump(self) -> list[list[Any]]:
        return [
            [unit, name, dict(held.body), held.fd, held.path, held.as_ and list(held.as_)]
            for unit, mine in self._held.items()
            for name, held in mine.items()
        ]

    def fds(self) -> list[int]:
        return [held.fd for mine in self._held.values() for held in mine.values()]

    def restore(self, rows: list[list[Any]]) -> None:
        """Those of the program before."""
        for unit, name, body, fd, path, as_ in rows:
            held = Held(body, fd, path, Whom(*as_) if as_ else None)
            self._held.setdefault(unit, {})[name] = held
