"""What jobs/ tells of a unit's last run, to whoever asks from outside of pm."""

from __future__ import annotations

import os

from enve_pm.core import states
from enve_pm.shell.events.system import System
from enve_pm.shell.process.job import rank
from enve_pm.shell.state.foreign import Folder, Foreign
from enve_pm.wire.nested import loads, number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

LARGEST = 65536  # bytes of a job's parameter
MOST = 20_000  # jobs that are looked at


def newest(folder: str, unit: str) -> dict[str, Any] | None:
    """{"job", "step", "command", "wall", "code", "ended", "lasted", "message", "log"} of the run
    that began last; `code` None: it is not over; `lasted`: ms till then or till now, 0: unknown;
    `log`: [inode, size] of its log at its last start, [] unknown. None where there is no run, or
    none that is ours to read. The pm may be anybody's: see `Folder`."""
    found: dict[str, Any] | None = None
    start: dict[str, Any] | None = None
    try:
        with Folder(folder + "/.", os.stat(folder).st_uid) as jobs:
            for name in jobs.names(MOST):
                said = _parameter(jobs, name)
                if said.get("unit") != unit:
                    continue
                said["job"] = name
                found = _later(found, said)
                if said.get("step") == states.START:
                    start = _later(start, said)
            return None if found is None else {**_whole(jobs, found), "log": _began(start or {})}
    except (OSError, Foreign):
        return None


def _later(one: dict[str, Any] | None, other: dict[str, Any]) -> dict[str, Any]:
    return other if one is None or rank(other["job"]) > rank(one["job"]) else one


def _began(start: dict[str, Any]) -> list[int]:
    value = start.get("log")
    return [number(one) for one in value] if isinstance(value, list) and len(value) == 2 else []


def _parameter(jobs: Folder, name: str) -> dict[str, Any]:
    try:
        with jobs.folder(name) as job:
            value = loads(job.read("parameter", LARGEST))
    except (OSError, Foreign, ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _whole(jobs: Folder, said: dict[str, Any]) -> dict[str, Any]:
    """Raises OSError, Foreign."""
    with jobs.folder(said["job"]) as job:
        code, ended, lasted = _end(job)
        age = _age(job) if code is None else lasted
        message = _read(job, "message").decode("utf-8", "replace").strip()
    command, step = said.get("command"), said.get("step")
    words = command if isinstance(command, list) else []
    return {
        "job": said["job"],
        "step": step if isinstance(step, str) else "",
        "command": [word for word in words if isinstance(word, str)],
        "wall": number(said.get("wall")),
        "code": code,
        "ended": ended,
        "lasted": number(age),
        "message": message,
    }


def _end(job: Folder) -> tuple[int | None, int, int]:
    """The exit code, when it was written (UNIX ms), and how long that took."""
    try:
        code, *lasted = map(int, _read(job, "retcode").split())
        ended = os.stat("retcode", dir_fd=job.fd).st_mtime_ns // 1_000_000
    except (OSError, ValueError):
        return None, 0, 0
    return code, ended, sum(lasted[:1])


def _age(job: Folder) -> int:
    """For how long the process runs that stands there."""
    system = System()
    try:
        _, start, boot = _read(job, "pid").split()
        return system.lasted(int(start)) if boot.decode("ascii") == system.boot() else 0
    except (OSError, ValueError):
        return 0


def _read(job: Folder, name: str) -> bytes:
    try:
        return job.read(name, LARGEST)
    except (OSError, Foreign):
        return b""
