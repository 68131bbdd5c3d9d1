"""What nodes said about themselves at their last deploy, kept for templates, with its age."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def save(folder: Path, fresh: Mapping[str, Facts]) -> None:
    """Put these over what is kept; several deploys may do so at once. Raises MissingError."""
    if not fresh:
        return
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (folder / f".{FILE}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            _replace(folder / FILE, {**load_facts(folder), **fresh})
    except OSError as error:
        raise MissingError(f"facts can't be kept in {folder}: {error.strerror}") from None


def forget(folder: Path, names: list[str]) -> None:
    """Nodes that were taken out."""
    kept = load_facts(folder)
    if not kept.keys() & set(names):
        return
    with (folder / f".{FILE}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        rest = {name: row for name, row in load_facts(folder).items() if name not in names}
        _replace(folder / FILE, rest)


def _replace(file: Path, rows: Mapping[str, Facts]) -> None:
    text = {"v": 1, "nodes": {n: {"at": f.at, "values": f.values} for n, f in rows.items()}}
    part = file.with_suffix(".new")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "w") as stream:
        json.dump(text, stream, separators=(",", ":"))
        stream.flush()
        os.fsync(stream.fileno())
    part.replace(file)
