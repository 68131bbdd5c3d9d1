"""Promises, and whether the figures keep them. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.costs import (
    ANSIBLE,
    ENVE,
    FLOOR,
    LIST,
    ONE,
    PYINFRA,
    SAME,
    TWO_EXECS,
    Figure,
)


@dataclass(frozen=True)
class Bar:
    """A promise: `value` against `limit`; met when it is not above (`least`: not below)."""

    what: str
    value: float
    limit: float
    unit: str
    least: bool = False

    @property
    def met(self) -> bool:
        return self.value >= self.limit if self.least else self.value <= self.limit

    @property
    def row(self) -> list[str]:
        """What, bar, measured, met."""
        sign = ">=" if self.least else "<="
        wanted, found = f"{sign} {self.limit:g} {self.unit}", f"{_short(self.value)} {self.unit}"
        return [self.what, wanted.rstrip(), found.rstrip(), "met" if self.met else "**not met**"]


def _short(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.2f}".rstrip("0").rstrip(".")


def of_fleet(figures: Sequence[Figure]) -> list[Bar]:
    """What the fleet has to keep; without the peers, what can be told without them."""
    walls = {(one.tool, one.work): one.cost.wall for one in figures}
    floor = walls[FLOOR, TWO_EXECS]
    found = [
        Bar("list, beside two bare execs", walls[ENVE, LIST] / floor, 1.5, "x"),
        Bar("march without a change, beside two bare execs", walls[ENVE, SAME] / floor, 1.5, "x"),
        Bar("march of one config, beside two bare execs", walls[ENVE, ONE] / floor, 2.5, "x"),
    ]
    for peer, limit in ((PYINFRA, 3), (ANSIBLE, 20)):
        if (peer, SAME) in walls:
            faster = walls[peer, SAME] / walls[ENVE, SAME]
            told = f"march without a change: faster than {peer} by"
            found.append(Bar(told, faster, limit, "x", least=True))
    return found


# What, where it stands in the figures of `benchmarks.pm`, the bar, its unit, and is it a least?
_PM: Sequence[tuple[str, str, float, str, bool]] = (
    ("resident memory of pm", "many rss", 16, "MiB", False),
    ("PSS of watchdog, pm and logger", "many pss_all", 28, "MiB", False),
    ("boot with all services", "many boot_all_ms", 1000, "ms", False),
    ("CPU of pm for that", "many boot_cpu_ms", 300, "ms", False),
    ("start all by command", "many start_all_ms", 1000, "ms", False),
    ("CPU of pm for that ", "many start_all_cpu_ms", 300, "ms", False),
    ("restart after SIGKILL, p50", "many restart p50", 2, "ms", False),
    ("restart after SIGKILL, p99", "many restart p99", 5, "ms", False),
    ("one command to its effect: start, p50", "many start_one p50", 2, "ms", False),
    ("one command to its effect: stop, p50", "many stop_one p50", 2, "ms", False),
    ("stop all", "many stop_all_ms", 250, "ms", False),
    ("wakeups when idle", "many idle_wakeups_per_s", 0, "/s", False),
    ("crash storm of 10 services", "storm starts_per_s", 1000, "starts/s", True),
    ("growth of memory in the storm", "storm rss_growth", 0.5, "MiB", False),
    ("growth of descriptors in the storm", "storm fd_growth", 0, "", False),
    ("1 GB of log, rotated", "flood flood_ms", 2000, "ms", False),
    ("a command meanwhile, p50", "flood p50", 5, "ms", False),
    ("one command by the client to its effect, p50", "client client p50", 15, "ms", False),
    ("one stream that starts all", "stream stream_start_ms", 1000, "ms", False),
    ("one stream that changes all", "stream stream_change_ms", 1000, "ms", False),
    ("pm killed: the last of all descendants dead", "killed last_dead_ms", 100, "ms", False),
    ("change of program: CPU of pm", "reexec reexec_cpu_ms", 50, "ms", False),
    ("change of program: the longest silence", "reexec silence_ms", 50, "ms", False),
    ("change of program: services restarted", "reexec restarts", 0, "", False),
    ("growth of memory over the restarts", "endure rss_growth", 0.5, "MiB", False),
    ("growth of descriptors over the restarts", "endure fd_growth", 0, "", False),
)


_CPUID = (
    "(a third of which is the dynamic loader's, which asks the processor for its caches by an "
    "instruction that a hypervisor traps)"
)
_CHANGE = (
    "of it the program's 170 modules take a third: they lie in one file, and what is left is to "
    f"read their code and to run it; exec and the start of Python take a sixth {_CPUID}, "
    "the states of all units packed a seventh, read back and indexed a fifth, shown anew a tenth"
)
_STREAM = (
    "nothing but posix_spawn of as many services, in which pm waits, takes two thirds of the bar "
    "there; the rest is pm's own CPU, of which the part and its lines, read once and checked by "
    "the policy, the ceilings and the machine, take about a quarter"
)
WHY: Mapping[str, str] = {  # what is known to stand behind a bar that may be missed
    "march of one config, beside two bare execs": (
        "it depends on the processor: the program that took 2.34 x on an AMD EPYC took 2.7 x on an "
        "Intel Xeon, where its successor of the same day took 2.62 x"
    ),
    "CPU of pm for that": (
        "each unit is some 35 calls of the kernel and a thousand of Python's: a quarter of the CPU "
        "goes into posix_spawn and what surrounds it, an eighth into files for people and for the "
        "next pm, a fifth into the start of Python, modules and the units' files; it goes with the "
        "speed of the machine at the moment: two programs that were 8 % apart in runs of their own "
        "took the same in turns"
    ),
    "boot with all services": (
        "nothing but posix_spawn of as many services, in which pm waits, takes three quarters of "
        "the bar there; the rest is the CPU of pm, see below"
    ),
    "one command by the client to its effect, p50": (
        f"a start of Python that does nothing is more than half of the bar {_CPUID}; pm's own part "
        "in it is that of a command into its pipe"
    ),
    "restart after SIGKILL, p50": (
        "a bare posix_spawn is a third of the bar; the kernel lists the 1,000 children once to pm "
        "(0.15 ms), which must see whom the dead one left behind, and to who measures, who looks "
        "every half a millisecond"
    ),
    "one stream that starts all": _STREAM,
    "one stream that changes all": _STREAM + "; and each old service must have ended first",
    "change of program: CPU of pm": _CHANGE,
    "change of program: the longest silence": _CHANGE,
}


def reasons(found: Sequence[Bar], other: str = "not explained yet") -> list[str]:
    """A line for each bar that is missed; `other`: of those that have no reason of their own."""
    return [f"{bar.what}: {WHY.get(bar.what, other)}." for bar in found if not bar.met]


SPAWN, PYTHON = 0.6, 7  # ms, on the machine that the bars of pm were set on


def slowness(found: Mapping[str, Any]) -> str:
    """How this machine compares with that one, by what it takes with no manager; "" if unknown."""
    spawn, python = at(found, "bare spawn_ms"), at(found, "bare python p50")
    if spawn is None or python is None:
        return ""
    return (
        f"In this run a bare posix_spawn of such a service took {spawn:g} ms and a start of Python "
        f"{python:g} ms; on the machine that these bars were set on they took {SPAWN:g} and "
        f"{PYTHON:g} ms."
    )


def of_pm(found: Mapping[str, Any]) -> list[Bar]:
    """What pm has to keep; a figure that was not measured has no bar."""
    bars = []
    for what, path, limit, unit, least in _PM:
        value = at(found, path)
        if value is not None:
            bars.append(Bar(what.strip(), value, limit, unit, least))
    return bars


def at(found: Mapping[str, Any], path: str) -> float | None:
    """The number at `key key ...`."""
    value: Any = found
    for key in path.split():
        value = value.get(key) if isinstance(value, Mapping) else None
    return float(value) if isinstance(value, (int, float)) else None
