"""A product that has not changed is run again: what finding that out takes, beside others' no-ops.

    python -m benchmarks.stages_noop [--rounds 100] [--files 78] [--python /usr/bin/python3]
                                     [--large-size 1024] [--large-files 20000] [--large-rounds 9]

The product is a folder of source files, built and installed once, whose command is `true`; make and
nix-build have the same files, and nothing to do either. One run of each in turn, so that all of
them meet the same machine. nix-build is measured where it is in PATH, and once on a large folder.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from benchmarks import stages_bars
from benchmarks.results import promised, table
from benchmarks.stages_bars import Figures
from benchmarks.stages_cases import NIX, Case, large, small

YOUNG = 2.1  # seconds: files that have just been written are looked at more closely


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.stages_noop")
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--files", type=int, default=78)
    parser.add_argument("--python", default="/usr/bin/python3", help="as a node has it")
    parser.add_argument("--large-size", type=int, default=1024, help="MiB of the large folder")
    parser.add_argument("--large-files", type=int, default=20_000)
    parser.add_argument("--large-rounds", type=int, default=9)
    return parser.parse_args()


def settled(cases: Mapping[str, Case]) -> None:
    """From here on none of them has anything to do."""
    for case in cases.values():
        case.run()
    time.sleep(YOUNG)
    for case in cases.values():
        if case.words[0] != NIX:  # it keeps no stats, so its next run is as its second
            case.run()


def taken(cases: Mapping[str, Case], rounds: int, once: str = "") -> Figures:
    """In turn; `once`: the name of one that takes too long for more."""
    for number in range(rounds):
        for name, case in cases.items():
            if name != once or not number:
                case.times.append(case.run())
    return {name: case.figure for name, case in cases.items()}


def measure(given: argparse.Namespace) -> tuple[Figures, Figures]:
    """(of a few files, of many)."""
    with tempfile.TemporaryDirectory() as folder:
        few = small(Path(folder), given.files, given.python)
        settled(few)
        found = taken(few, given.rounds)
    with tempfile.TemporaryDirectory() as folder:
        many = large(Path(folder), given.large_size, given.large_files, given.python)
        settled(many)
        return found, taken(many, given.large_rounds, once=NIX)


def page(few: Figures, many: Figures, given: argparse.Namespace) -> str:
    """Markdown. Pure."""
    tree = f"{given.large_size} MiB in {given.large_files:,} files"
    rows = [["no-op", "median, ms", "best, ms"]]
    rows += [[name, f"{one:.1f}", f"{best:.1f}"] for name, (one, best) in few.items()]
    rows += [[f"{name}, {tree}", f"{one:.0f}", f"{best:.0f}"] for name, (one, best) in many.items()]
    missing = "" if NIX in few else f"\n{NIX} was not measured: it is not in PATH.\n"
    found = stages_bars.of_noop(few, many, tree)
    return table(rows) + missing + "\n" + promised(found, stages_bars.slowness(few, many))


def main() -> int:
    """Measure, and print the page."""
    given = arguments()
    print(page(*measure(given), given))
    return 0


if __name__ == "__main__":
    sys.exit(main())
