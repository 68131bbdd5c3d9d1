"""`pm why UNIT`: from a unit's state to its cause, down to the last lines that were printed."""

from __future__ import annotations

import os
import time

from enve_pm.client import logs, plain, read
from enve_pm.core import address, cause, stages, story
from enve_pm.core.filename import quote
from enve_pm.shell import listing, where, words
from enve_pm.shell.process import jobfiles
from enve_pm.shell.words import OK, USAGE, Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from enve_pm.core.cause import Link

FLAGS = {**where.FLAGS, "-o": True}
LINES, STAGE_LINES = 5, 20  # of its log; of that of a stage, which ends with what went wrong
FAR = 65536  # bytes from its end on
WIDE = 1000  # bytes of a line


def run(verb: str, arguments: Sequence[str]) -> int:
    """`pm why UNIT [-o text|json]`."""
    options, names = words.split(arguments, FLAGS)
    if len(names) != 1:
        raise Failure(USAGE, "wanted one unit: pm why UNIT")
    output = read.choice(options, ("text", "json"))
    told = tell(where.home(options), read.steps(names[0]))
    now = time.time_ns() // 1_000_000
    if output == "json":
        import json

        print(json.dumps(told))
    else:
        print("\n".join(map(plain.text, story.lines(told, now))))
    return OK


def tell(home: str, path: tuple[str, ...]) -> dict[str, Any]:
    """The story, as `enve_pm.core.story` has it. Raises Failure."""
    status = read.status(home)
    units = dict(listing.rows(status, read.subs(home)))
    if path not in units:
        known = [address.format(one) for one in units]
        name = address.format(path)
        raise Failure(USAGE, f"no unit {name}{words.nearest(name, known)}")

    def needs(of: tuple[str, ...]) -> Sequence[str]:
        try:
            return read.names(read.parameter(home, of).get("needs"))
        except Failure:
            return ()

    links = cause.chain(units, path, needs)
    last = links[-1].path
    job = _job(home, last)
    began = job.pop("log") if job else []
    return {
        "v": 1,
        "alive": read.alive(status),
        "chain": [_link(link, units.get(link.path)) for link in links],
        "job": job,
        "log": _log(home, last, began),
        "made": _install(last, needs(last)),
    }


def _link(link: Link, unit: Any) -> dict[str, Any]:
    return {"unit": address.format(link.path), "relation": link.relation, **_shown(unit)}


def _shown(unit: Any) -> dict[str, Any]:
    return {"state": ""} if unit is None else {key: unit.get(key) for key in story.UNIT}


def _job(home: str, path: tuple[str, ...]) -> dict[str, Any] | None:
    """What was run for the unit last."""
    try:
        return jobfiles.newest(where.nested(home, path[:-1], "jobs"), path[-1])
    except OSError:
        return None


def _install(path: tuple[str, ...], needs: Iterable[str]) -> str:
    """The address of the install that a unit runs on."""
    for name in needs:
        found = stages.split(name)
        if found is not None and found.stage == stages.INSTALL and not stages.spot(path[-1]):
            return address.format((*path[:-1], name))
    return ""


def _log(home: str, path: tuple[str, ...], began: Sequence[int]) -> list[str]:
    """The last lines since the last start, of a stage since its last try."""
    count = STAGE_LINES if stages.spot(path[-1]) else LINES
    try:
        path_of = f"{where.nested(home, path[:-1], 'log')}/{quote(path[-1])}.log"
        rows = b"".join(logs.last(path_of, count, since(path_of, began))).splitlines()
    except OSError:
        return []
    told = [row[:WIDE].decode("utf-8", "replace").rstrip() for row in rows]
    return newest(told) if stages.spot(path[-1]) else told


def since(path: str, began: Sequence[int]) -> int:
    """How many bytes there are behind a place in a log, over its rotations: at most FAR. began:
    inode and size that the file had."""
    bytes_ = gap = number = 0
    while began and gap < 2 and bytes_ < FAR:
        try:
            state = os.lstat(f"{path}.{number}" if number else path)
        except FileNotFoundError:
            gap += 1
            number += 1
            continue
        if state.st_ino == began[0]:
            new = state.st_size - began[1]
            return min(bytes_ + (new if new >= 0 else state.st_size), FAR)
        bytes_ += state.st_size
        number += 1
    return FAR


def newest(lines: list[str]) -> list[str]:
    """Of a stage that fails again and again in the same way, what the last try has printed."""
    before = [at for at, line in enumerate(lines[:-1]) if line == lines[-1]]
    return lines[before[-1] + 1 :] if before else lines
