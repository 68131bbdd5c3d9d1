"""What jobs/ tells of a unit's last run, to whoever asks from outside of pm."""

from __future__ import annotations

import json
import os

from enve_pm.shell.events.system import System
from enve_pm.shell.process.job import rank

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

LARGEST = 65536  # bytes of a job's parameter
MOST = 20_000  # jobs that are looked at


def newest(folder: str, unit: str) -> dict[str, Any] | None:
    """{"job", "step", "command", "wall", "code", "ended", "lasted", "message"} of the run that
    began last; `code` None: it is not over; `lasted`: ms till then or till now, 0: unknown. None
    where there is no run, or none that is ours to read."""
    found: dict[str, Any] | None = None
    try:
        names = os.listdir(folder)[:MOST]
    except OSError:
        return None
    for name in names:
        said = _parameter(folder + "/" + name)
        if said.get("unit") == unit and (found is None or rank(name) > rank(found["job"])):
            found = {**said, "job": name}
    return None if found is None else _whole(folder + "/" + found["job"], found)


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0


def _parameter(folder: str) -> dict[str, Any]:
    try:
        value = json.loads(_read(folder + "/parameter"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def _whole(folder: str, said: dict[str, Any]) -> dict[str, Any]:
    code, ended, lasted = _end(folder + "/retcode")
    return {
        "job": said["job"],
        "step": str(said.get("step", "")),
        "command": [str(word) for word in said.get("command", ())],
        "wall": _number(said.get("wall")),
        "code": code,
        "ended": ended,
        "lasted": _age(folder + "/pid") if code is None else lasted,
        "message": _message(folder + "/message"),
    }


def _end(path: str) -> tuple[int | None, int, int]:
    """The exit code, when it was written (UNIX ms), and how long that took."""
    try:
        code, *lasted = map(int, _read(path).split())
        return code, os.stat(path).st_mtime_ns // 1_000_000, sum(lasted[:1])
    except (OSError, ValueError):
        return None, 0, 0


def _age(path: str) -> int:
    """For how long the process runs that stands there."""
    system = System()
    try:
        _, start, boot = _read(path).split()
        return system.lasted(int(start)) if boot.decode("ascii") == system.boot() else 0
    except (OSError, ValueError):
        return 0


def _message(path: str) -> str:
    try:
        return _read(path).decode("utf-8", "replace").strip()
    except OSError:
        return ""


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read(LARGEST)
