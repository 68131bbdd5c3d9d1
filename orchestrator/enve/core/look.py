"""The answer of `march look` as a march reads it: clock, life, and what is held in each lane.

It comes from a node: all of it is doubted. (A listing reads the same answer for its states:
`enve.core.seen`.)
"""

from __future__ import annotations

from collections.abc import Mapping

from enve.core.foreign import read
from enve.core.printable import printable
from enve.core.published import status
from enve.core.seen import ABSENT, process, sections
from enve.model.march import Look
from enve_pm.core.refusal import FormatError
from enve_pm.wire import record


def lanes(raw: bytes) -> Mapping[str, record.Lane]:
    """What is held in each lane by the section `held` alone, as a lease shows it; nothing where
    that is unreadable. Raises FormatError when these are no sections."""
    held = sections(raw).get("held", "").strip()
    try:
        return record.parse_held(held.encode()).lanes if held not in ("", "-") else {}
    except (FormatError, RecursionError):
        return {}


def parse(raw: bytes) -> Look:
    """Raises FormatError when this is no answer of ours; a flaw in what is held is kept apart."""
    found = sections(raw)
    if ABSENT in found:
        return Look(0, alive=False, installed=False)
    now = found.get("now", "").strip()
    if not (now.isascii() and now.isdigit() and len(now) <= 15):
        raise FormatError("wanted a section 'now' with a time")
    alive = _alive(found)
    held = found.get("held", "").strip()
    if held in ("", "-"):
        return Look(int(now), alive)
    try:
        shown = record.parse_held(held.encode())
    except (FormatError, RecursionError) as error:
        return Look(int(now), alive, flaw=printable(str(error), 200) or "nested too deeply")
    return Look(int(now), alive, shown.lanes, shown.blobs, shown.range)


def _alive(found: Mapping[str, str]) -> bool:
    """Whether the pm that wrote the status is the process that has its pid now."""
    try:
        wrote = read(found.get("status", ""), "status", status)
    except FormatError:
        return False
    if wrote is None or not wrote.boot or wrote.boot != found.get("boot", "").strip():
        return False
    return process(found.get("pm", "")) == (wrote.pid, wrote.start)
