"""What a parent reads of a sub-pm: its states, those of pms in it, and answers to commands."""

from __future__ import annotations

from enve_pm.core.address import format as format_address
from enve_pm.core.filename import unquote
from enve_pm.shell.foreign import Folder, Foreign
from enve_pm.wire import nested

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

STATUS = 2 << 20  # bytes of a status file
TOTAL = 4 << 20  # bytes of all that is read of one sub-pm
ANSWER = 32
MESSAGE = 16384


class Report:
    """status: cleaned, or None; sub: {name: as sub/NAME.json}."""

    __slots__ = ("status", "sub")

    def __init__(self) -> None:
        self.status: dict[str, Any] | None = None
        self.sub: dict[str, Any] = {}


def read(home: str, uid: int) -> Report:
    """Read the public files below a sub-pm's HOME; what cannot be read is left out. Never raises
    for what stands there."""
    report = Report()
    try:
        with Folder(home, uid) as folder, folder.folder("public") as public:
            report.status = nested.clean_status(_json(public.read("status.json", STATUS)))
            _read_subs(public, report)
    except (OSError, Foreign):
        pass  # it has not shown its states yet, or what stands there is not its own
    return report


def _read_subs(public: Folder, report: Report) -> None:
    room = TOTAL
    with public.folder("sub") as subs:
        for entry in sorted(subs.names(nested.SUBS)):
            name = _name(entry)
            if not name or room <= 0:
                continue
            data = subs.read(entry, min(room, STATUS))
            room -= len(data)
            value = nested.clean_sub(_json(data), depth=2)
            if value is not None:
                report.sub[name] = value


def by_hand(report: dict[str, Any], path: tuple[str, ...]) -> Iterator[str]:
    """The addresses of units that stray from their plan, in a pm that shows this and those in it.
    `report`: as published, cleaned; `path`: where that pm is."""
    for name, unit in (report.get("status") or {}).get("units", {}).items():
        if unit.get("drift"):
            yield format_address((*path, name))
    for name, below in report.get("sub", {}).items():
        yield from by_hand(below, (*path, name))


def answer(home: str, uid: int, job: str) -> tuple[int, str] | None:
    """(retcode, message) of a job in a sub-pm, None while there is none."""
    try:
        with Folder(home, uid) as folder, folder.folder("jobs") as jobs, jobs.folder(job) as one:
            code = one.read("retcode", ANSWER)
            if not code.endswith(b"\n"):
                return None
            return int(code) & 0xFF, _message(one)
    except (OSError, Foreign, ValueError):
        return None


def _message(job: Folder) -> str:
    try:
        lines = job.read("message", MESSAGE).decode("utf-8", "replace").splitlines()
    except (OSError, Foreign):
        return ""
    return "\n".join(map(nested.text, lines))


def _name(entry: str) -> str:
    """The unit that a file NAME.json stands for, "" for another file."""
    if not entry.endswith(".json"):
        return ""
    try:
        name = unquote(entry[: -len(".json")])
    except ValueError:
        return ""
    return name if nested.is_name(name) else ""


def _json(data: bytes) -> Any:
    """The value, or None for what is no JSON: only the C parser is quick enough for strangers."""
    import json

    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None
