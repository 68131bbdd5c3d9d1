"""What a deploy does on a node, in the words of one line."""

from __future__ import annotations

from collections.abc import Iterable

from enve.core.blueprintdiff import read_object, spots
from enve.core.deploysteps import Steps, Wanted
from enve.core.grouping import many

SMALL = ("folders", "writer", "launcher", "reloaded", "floors")  # of interest only when alone


def done(did: Iterable[str], wanted: Wanted, *, fresh: bool) -> str:
    """What was done on a node, and what it has now."""
    if fresh:
        return f"{installed(did, wanted.program)}; {_holds(wanted)}"
    return f"{changed(did)}; {state(wanted)}"


def would(steps: Steps) -> str:
    """What --check found: `~ program, + blueprint`."""
    return ", ".join(f"{change.symbol} {change.name}" for change in steps.changes)


def state(wanted: Wanted) -> str:
    """`pm 8eaba222, 2 keyholes, 4 spots`."""
    return f"pm {wanted.program[:8]}, {_holds(wanted)}"


def _holds(wanted: Wanted) -> str:
    count = len(list(spots(read_object(wanted.blueprint))))
    return f"{many(len(wanted.keys), 'keyhole')}, {many(count, 'spot')}"


def installed(did: Iterable[str], program: str) -> str:
    """A node that had nothing: `pm 8eaba222 installed, registered with cron, started`."""
    told = [word for word in did if word.startswith("registered") or word == "started"]
    return ", ".join([f"pm {program[:8]} installed", *told])


def changed(did: Iterable[str]) -> str:
    """A node that differed: `program, 2 keys, blueprint, reexec`."""
    words = list(did)
    told = [_short(word) for word in words if word not in SMALL and not word.startswith("key ")]
    gone = sum(word.startswith("key ") and word.endswith(" removed") for word in words)
    new = sum(word.startswith("key ") for word in words) - gone
    told += [many(new, "key")] if new else []
    told += [f"{many(gone, 'key')} removed"] if gone else []
    return ", ".join(told or words) or "nothing to do"


def removed(did: Iterable[str], home: str) -> str:
    """A node that pm was taken off: `pm stopped, registration, /var/opt/pm`."""
    return ", ".join(word for word in did if not word.startswith(f"{home}/"))


def _short(word: str) -> str:
    """The hash of the program stands behind it already."""
    return "program" if word.startswith("program ") else word
