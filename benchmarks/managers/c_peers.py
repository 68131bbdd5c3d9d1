"""Managers that are written in C, from this system's packages: a supervisor process for each
service, no log of their own."""

from __future__ import annotations

import signal
from pathlib import Path

from benchmarks.managers.family import SLEEP
from benchmarks.managers.peer import Missing, Peer, package_version


def _services(folder: Path, units: int) -> Path:
    """A folder with a folder for each service, in which a script is run."""
    place = folder / "services"
    for number in range(units):
        run = place / f"u{number:04d}" / "run"
        run.parent.mkdir(parents=True)
        run.write_text(f"#!/bin/sh\nexec {' '.join(SLEEP)}\n")
        run.chmod(0o755)
    return place


class S6(Peer):
    """Its folder is looked at once, at the start."""

    name = "s6"

    def __init__(self, folder: Path, units: int) -> None:
        super().__init__(folder, units)
        place = _services(folder, units)
        self.start = ["s6-svscan", "-c", str(units + 10), "-t", "0", str(place)]
        self.restart_one = ["s6-svc", "-w", "r", "-r", str(place / "u0007")]

    @classmethod
    def version(cls) -> str:
        return package_version("s6", "s6-svscan")


class Runit(Peer):
    """Stopped by SIGHUP, which it hands on as an end of all services. It looks at its folder every
    five seconds: its way."""

    name = "runit"
    stop = signal.SIGHUP

    def __init__(self, folder: Path, units: int) -> None:
        super().__init__(folder, units)
        place = _services(folder, units)
        self.start = ["runsvdir", str(place)]
        self.restart_one = ["sv", "restart", str(place / "u0007")]

    @classmethod
    def version(cls) -> str:
        return package_version("runit", "runsvdir")


class Dinit(Peer):
    """Not in the package archives of the systems that this was measured on."""

    name = "dinit"

    @classmethod
    def version(cls) -> str:
        raise Missing("this system has no package of it")
