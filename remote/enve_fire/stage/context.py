"""What every stage is given: where things are kept, how they are fetched, whom it tells."""

from __future__ import annotations

import os

from enve_fire.core.trouble import USAGE, Trouble
from enve_fire.tree.pace import quiet
from enve_pm.core.lean import namedtuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from enve_fire.tree.pace import Report


JOBS = "ENVE_JOBS"
MOST_JOBS = 1024


class Context(namedtuple("Context", "store how report jobs platform environ", defaults=({},))):
    """`store`: `store.store.Store` · `how`: `fetch.how.How` · `report`: one line of progress ·
    `jobs`: how much of a build goes on at a time · `platform`: see `core.sums` · `environ`: the
    caller's environment; no stage passes it on."""

    __slots__ = ()

    if TYPE_CHECKING:
        store: Any
        how: Any
        report: Report
        jobs: int
        platform: Sequence[str]
        environ: Mapping[str, str]


def context(environ: Mapping[str, str], store: Any, how: Any, report: Report = quiet) -> Context:
    """On this machine. ENVE_JOBS says another number than that of its processors."""
    return Context(store, how, report, jobs(environ), platform(), environ)


def jobs(environ: Mapping[str, str]) -> int:
    """Raises Trouble."""
    wanted = environ.get(JOBS, "")
    if wanted.isdigit() and 1 <= int(wanted) <= MOST_JOBS:
        return int(wanted)
    if wanted:
        told = "%s: wanted a number from 1 to %d, found %r"
        raise Trouble(USAGE, told % (JOBS, MOST_JOBS, wanted))
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # no Linux
        return os.cpu_count() or 1


def platform() -> tuple[str, str, str]:
    """What a build depends on of this machine: system, machine, libc with its major.minor."""
    found = os.uname()
    return found.sysname, found.machine, _libc()


def _libc() -> str:
    try:
        return os.confstr("CS_GNU_LIBC_VERSION") or ""  # "glibc 2.36"
    except (ValueError, OSError):
        return ""
