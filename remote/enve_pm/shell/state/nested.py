"""What a parent reads of a sub-pm: its states, those of pms in it, and answers to commands."""

from __future__ import annotations

from enve_pm.core.address import format as format_address
from enve_pm.core.filename import unquote
from enve_pm.shell.state.foreign import Folder, Foreign
from enve_pm.wire import nested

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

TOTAL = 4 << 20  # bytes of all that is read of one sub-pm; 10,000 units take 2 MB
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
    report, room = Report(), nested.Room()
    try:
        with Folder(home, uid) as folder, folder.folder("public") as public:
            data = public.read("status.json", TOTAL)
            report.status = nested.clean_status(_json(data), room)
            report.sub = _read_subs(public, TOTAL - len(data), room)
    except (OSError, Foreign):
        pass  # it has not shown its states yet, or what stands there is not its own
    return report


def _read_subs(public: Folder, left: int, room: nested.Room) -> dict[str, Any]:
    """The small ones first: one that shows far too much takes nothing from the others."""
    found = {}
    with public.folder("sub") as subs:
        for _, entry in sorted(subs.sizes(nested.SUBS)):
            data = _data(subs, entry, left) if _name(entry) else b""
            left -= len(data)
            value = nested.clean_sub(_json(data), 2, room)
            if value is not None:
                found[_name(entry)] = value
    return dict(sorted(found.items()))


def _data(folder: Folder, name: str, limit: int) -> bytes:
    try:
        return folder.read(name, limit)
    except (OSError, Foreign):
        return b""  # too large, or not its own


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
    """The value, or None for what is no JSON."""
    try:
        return nested.loads(data)
    except (ValueError, RecursionError):
        return None
