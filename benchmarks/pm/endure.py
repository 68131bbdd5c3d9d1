"""Ten thousand restarts on one pm: memory and descriptors stay what they were."""

from __future__ import annotations

import time

from benchmarks.pm.manager import Pm, spin

UNITS = 50  # restarted together, by one command
RESTARTS = 10_000
WARM = 1_000  # restarts after which memory is looked at first
LOOKS = 19


def endure(pm: Pm, _: int, restarts: int = RESTARTS, warm: int = WARM) -> dict[str, object]:
    """Restarts by command; memory is looked at from `warm` of them on. `slope`: MiB in 10,000
    restarts, by least squares."""
    names = [f"u{number:02d}" for number in range(UNITS)]
    for name in names:
        pm.define(name, ready={"how": "wait", "ms": 0})
    pm.start()
    spin(lambda: pm.sleeps() >= UNITS, "all run", 0.01)
    rounds, first = restarts // UNITS, warm // UNITS
    looks = {first + (rounds - first) * at // (LOOKS - 1) for at in range(LOOKS)}
    found = []
    for number in range(1, rounds + 1):
        pm.ask("restart", *names)
        if number in looks:
            found.append((number * UNITS, pm.rss(), at_rest(pm)))
    return {
        "restarts": rounds * UNITS,
        "rss_first": round(found[0][1], 2),
        "rss_last": round(found[-1][1], 2),
        "rss_most": round(max(rss for _, rss, _ in found), 2),
        "rss_growth": round(found[-1][1] - found[0][1], 2),
        "slope": round(slope([(at, rss) for at, rss, _ in found]) * RESTARTS, 3),
        "fd_growth": found[-1][2] - found[0][2],
        "jobs": sum(1 for _ in (pm.home / "jobs").iterdir()),
    }


def at_rest(pm: Pm) -> int:
    """Descriptors of pm, without a file that is open for the moment of a write."""
    found = []
    for _ in range(5):
        time.sleep(0.01)
        found.append(pm.fds())
    return min(found)


def slope(points: list[tuple[int, float]]) -> float:
    """Of the straight line through them."""
    count = len(points)
    x, y = (sum(column) / count for column in zip(*points, strict=True))
    wide = sum((a - x) ** 2 for a, _ in points)
    return sum((a - x) * (b - y) for a, b in points) / wide if wide else 0.0
