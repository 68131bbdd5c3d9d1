"""One node as deploy meets it. (`enve.core.probeanswer` reads it out of what the node says.)"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Python:
    """One Python of the node. `verdict`: same (as deployed), good, old, lacks, broken."""

    verdict: str
    version: str = ""
    path: str = ""
    lacks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Deployed:
    """What an earlier deploy wrote down; all empty when there was none, or it was cut off."""

    program: str = ""
    blueprint: str = ""
    keys: Mapping[str, str] = field(default_factory=dict)  # fingerprint -> sha256
    install: str = ""
    pipe: str = ""
    register: str = ""
    registered: str = ""
    when: int = 0


@dataclass(frozen=True, slots=True)
class Alive:
    """The pm that runs; `pid` 0: none does."""

    pid: int = 0
    program: str = ""


@dataclass(frozen=True, slots=True)
class Probe:
    """One node as it is right now. Times: unix seconds; memory and disk: KiB."""

    uid: int
    user: str
    login_home: str
    now: int
    system: str
    hostname: str
    release: str
    machine: str
    home: str
    pipe: str
    distribution: Mapping[str, str]
    memory: int
    cores: int
    free: int  # -1: not known
    read_only: str  # the folder that can't be written, "" = it can
    tools: frozenset[str]
    init: frozenset[str]  # systemd, user-manager, linger, and PID 1's name
    pythons: tuple[Python, ...]
    deployed: Deployed
    current: str  # the program that HOME/lib/current names
    alive: Alive
    present: bool  # the wanted program is unpacked there already
    changed: tuple[str, ...]  # files of deploy's that were changed since, or are gone
    blueprint: bytes = b""  # the old one, where it is not the wanted one
    units: Mapping[str, Any] = field(default_factory=dict)  # status of the node's pm, then
    subs: Mapping[str, Any] = field(default_factory=dict)  # sub/NAME.json by NAME, then
    serials: Mapping[str, int] = field(default_factory=dict)  # lane -> held, or deploy's floor
    pipes: tuple[str, ...] = ()  # that the pm which lives does not read from (any more)

    @property
    def python(self) -> Python | None:
        """The Python to use, None when no one will do."""
        return next((p for p in self.pythons if p.verdict in ("good", "same")), None)
