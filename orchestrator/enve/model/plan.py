"""The plan: spot <-> config, spot state, sign (memo, "Objects"), rendered to one part per node."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from enve.errors import Where


@dataclass(frozen=True, slots=True)
class Blob:
    """Bytes that travel beside the part: a config file's body (`data`) or an artifact (`path`)."""

    sha256: str
    size: int
    data: bytes | None = None
    path: Path | None = None
    secret: bool = False


@dataclass(frozen=True, slots=True)
class NodePlan:
    """One node's rendered share: unit lines by their address below the node (canonical JSON)."""

    node: str
    lines: Mapping[str, str]
    files: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # line -> path -> sha256
    where: Mapping[str, Where] = field(default_factory=dict)  # line -> where the plan asks for it
    secrets: frozenset[str] = frozenset()  # values that must never be shown


@dataclass(frozen=True, slots=True)
class RenderedPlan:
    """A whole plan after rendering. `skipped`: node -> why it could not be rendered."""

    name: str
    domain: str
    lane: str
    nodes: Mapping[str, NodePlan]
    blobs: Mapping[str, Blob]
    skipped: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)  # sha256 -> a name for people
    origins: Mapping[str, str] = field(default_factory=dict)  # pattern -> file:line:column
    expires: int = 0  # unix seconds
    asks: frozenset[str] = frozenset()  # what its templates look at; "*": nobody can say
