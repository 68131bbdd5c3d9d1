"""What nodes said about themselves at their last deploy, kept for templates, with its age."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from enve import private
from enve.app import durable
from enve.core.probe import Probe
from enve.errors import MissingError

FILE = "facts.json"
MAX_FILE = 256 << 20  # bytes


@dataclass(frozen=True, slots=True)
class Facts:
    """One node's facts (JSON values by name) and when they were read, unix seconds."""

    values: Mapping[str, Any]
    at: int


def of_probe(probe: Probe, program: str) -> dict[str, Any]:
    """The facts in a node's answer. Memory in KiB."""
    python = probe.python
    return {
        "hostname": probe.hostname,
        "system": probe.system,
        "release": probe.release,
        "machine": probe.machine,
        "distribution": dict(probe.distribution),
        "memory": probe.memory,
        "cores": probe.cores,
        "user": probe.user,
        "uid": probe.uid,
        "login_home": probe.login_home,
        "home": probe.home,
        "pipe": probe.pipe,
        "init": sorted(probe.init),
        "python": python.path if python else "",
        "pm": program,
    }


def load_facts(folder: Path) -> dict[str, Facts]:
    """All nodes' facts. `folder`: the domain's state (`settings.of_domain`). A file that is
    damaged holds none: the next deploy writes it anew."""
    try:
        with (folder / FILE).open("rb") as stream:
            rows = json.loads(stream.read(MAX_FILE))["nodes"]
        return {name: Facts(row["values"], int(row["at"])) for name, row in rows.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}


def save(folder: Path, fresh: Mapping[str, Facts]) -> None:
    """Put these over what is kept; several deploys may do so at once. Raises MissingError."""
    if fresh:
        with _alone(folder):
            _replace(folder / FILE, {**load_facts(folder), **fresh})


def forget(folder: Path, names: Collection[str]) -> None:
    """Nodes that were taken out. Raises MissingError."""
    if load_facts(folder).keys() & set(names):
        with _alone(folder):
            kept = load_facts(folder)
            _replace(folder / FILE, {name: kept[name] for name in kept if name not in names})


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    try:
        private.make_folder(folder)
        lock = (folder / f".{FILE}.lock").open("w")
    except OSError as error:
        raise MissingError(f"facts can't be kept in {folder}: {error.strerror}") from None
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _replace(file: Path, rows: Mapping[str, Facts]) -> None:
    told = {"v": 1, "nodes": {n: {"at": f.at, "values": f.values} for n, f in rows.items()}}
    durable.replace(file, [json.dumps(told, separators=(",", ":")).encode()])
