"""Eight processes want one entry of a store: how many make it, and when the others have it.

    python -m benchmarks.stages_race [--racers 8] [--rounds 5] [--seconds 0.3 2.5]
                                     [--folder DIR]

Times are from when the one that made it has it to when the last of the others has. --seconds: that
the making takes; a waiter says after 2 of them for whom it waits, so there is one below and one
above.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks import stages_bars
from benchmarks.results import promised, table

REMOTE = Path(__file__).parents[1] / "remote"
Rounds = Sequence[tuple[int, float]]  # of each: how many made it, ms of the last of the others

RACER = """
import json, os, sys, time
sys.path.insert(0, sys.argv[1])
from enve_fire.store.store import Store
from enve_fire.store.wanted import Wanted
made = []
def method(out):
    made.append(out)
    time.sleep(float(sys.argv[2]))
    with open(out + "/file", "wb") as file:
        file.write(bytes(1 << 20))
print("ready", flush=True)
sys.stdin.readline()
path = Store.of(os.environ).make(Wanted("race", "race", "build"), method).path
print(json.dumps({"made": len(made), "at": time.monotonic(), "path": path}))
"""


def race(racers: int, seconds: float, folder: str) -> tuple[int, float]:
    """How many made it, and ms from the winner to the last of the others."""
    with tempfile.TemporaryDirectory(dir=folder) as store:
        words = [sys.executable, "-I", "-S", "-c", RACER, str(REMOTE), str(seconds)]
        environ = {**os.environ, "ENVE_STORE": store + "/store"}
        pipe = subprocess.PIPE
        running = [
            subprocess.Popen(words, env=environ, stdin=pipe, stdout=pipe, text=True)
            for _ in range(racers)
        ]
        for one in running:
            assert one.stdout is not None
            one.stdout.readline()
        for one in running:
            assert one.stdin is not None
            one.stdin.write("\n")
            one.stdin.flush()
        found = [json.loads(one.communicate(timeout=300)[0]) for one in running]
    assert len({one["path"] for one in found}) == 1, "one answer"
    winner = next(one["at"] for one in found if one["made"])
    last = max(one["at"] for one in found if not one["made"])
    return sum(one["made"] for one in found), (last - winner) * 1000


def page(racers: int, waits: Mapping[float, Rounds]) -> str:
    """`waits`: of each time that the making takes, what was found. Markdown. Pure."""
    rows = [
        ["the build takes, s", "rounds", "builds", "the last after it: median, ms", "worst, ms"]
    ]
    for seconds, rounds in waits.items():
        late = [ms for _, ms in rounds]
        builds = max(made for made, _ in rounds)
        middle = statistics.median(late)
        rows.append(
            [f"{seconds:g}", str(len(rounds)), str(builds), f"{middle:.1f}", f"{max(late):.1f}"]
        )
    every = [one for rounds in waits.values() for one in rounds]
    slowest = max(statistics.median(ms for _, ms in rounds) for rounds in waits.values())
    found = stages_bars.of_race(max(made for made, _ in every), slowest, racers)
    why = f"{racers - 1} processes wake at once, on {os.cpu_count()} cores."
    return table(rows) + "\n" + promised(found, why)


def main() -> int:
    """Measure, and print the page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.stages_race")
    parser.add_argument("--racers", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, nargs="+", default=[0.3, 2.5])
    parser.add_argument("--folder", default=tempfile.gettempdir())
    given = parser.parse_args()
    waits = {
        seconds: [race(given.racers, seconds, given.folder) for _ in range(given.rounds)]
        for seconds in given.seconds
    }
    print(page(given.racers, waits))
    return 0


if __name__ == "__main__":
    sys.exit(main())
