"""The blueprint: node <-> spots, node <-> keyholes (memo, "Objects")."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from enve.errors import Where
from enve.model.notice import Notice
from enve_pm.core.blueprint import KINDS, LOG, STOP


@dataclass(frozen=True, slots=True)
class Keyhole:
    """Who may march what, and when. Times are unix seconds, 0 = open."""

    name: str
    fingerprint: str  # primary key, 40 hex digits, upper case
    public_key: bytes  # binary OpenPGP key ring with this one key
    may: tuple[str, ...]
    lanes: tuple[str, ...]
    scope: tuple[str, ...]  # address patterns
    since: int = 0
    until: int = 0
    where: Where | None = None


@dataclass(frozen=True, slots=True)
class Ceiling:
    """The most that a plan may place in a spot."""

    user: str = ""
    groups: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    rlimits: Mapping[str, int] = field(default_factory=dict)
    kinds: tuple[str, ...] = KINDS
    excl: tuple[str, ...] = ()
    log: int = LOG  # bytes of all log files together
    stop_timeout: int = STOP  # ms
    capabilities: tuple[str, ...] = ()
    root: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()  # around the addresses that its links may have
    bridges: tuple[str, ...] = ()  # links that it may make, or sit on
    limits: Mapping[str, int] = field(default_factory=dict)
    ports: tuple[int, ...] = ()  # that pm may listen on for it
    no_new_privs: bool = False  # put on, whatever the plan says
    read_only: bool = False
    joins: tuple[str, ...] = ()  # network units that its processes may be in
    stores: tuple[str, ...] = ()  # of others, that its builds may be taken from


@dataclass(frozen=True, slots=True)
class PmTree:
    """The spots of one pm and the pms nested in it. `mode` "" stands for the node's own pm."""

    spots: Mapping[str, Ceiling] = field(default_factory=dict)
    pms: Mapping[str, PmTree] = field(default_factory=dict)
    mode: str = ""
    user: str = ""
    walls: Mapping[str, Any] = field(default_factory=dict)  # see `enve_pm.core.walls`
    needs: tuple[str, ...] = ()  # units beside it that it waits for


@dataclass(frozen=True, slots=True)
class NodeBlueprint:
    """What one node is laid out for."""

    node: str
    keyholes: tuple[Keyhole, ...] = ()
    tree: PmTree = PmTree()
    limits: Mapping[str, int] = field(default_factory=dict)
    threshold: int = 1


@dataclass(frozen=True, slots=True)
class Blueprint:
    """The layouts by node name. A node that the blueprint does not name has none."""

    domain: str
    nodes: Mapping[str, NodeBlueprint]
    notices: tuple[Notice, ...] = ()
