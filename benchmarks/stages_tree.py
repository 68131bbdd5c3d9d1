"""Trees of the stages: hashed, and installed by each way, beside cp -a and rsync -a.

    python -m benchmarks.stages_tree [--size 1024] [--files 20000] [--rounds 3] [--folder /var/tmp]

All on the same files, in turn, each into a new folder. Reflinks need a file system that has them:
root makes a btrfs in a file, others read on the page that they were not measured.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.support import loopdisk

from benchmarks import stages_bars
from benchmarks.results import promised, table
from benchmarks.stages_bars import (
    AGAIN,
    BTRFS_RSYNC,
    COPY,
    CP,
    FIRST,
    HARDLINK,
    REFLINK,
    RSYNC,
)
from benchmarks.stages_ways import Took, Ways, built, timed
from enve_fire.tree.digest import tree_hash

Case = Callable[[], Took]
CPU = "What of a time is not CPU, is waiting: for the disk, or for a core that others have."
YOUNG = 2.1  # seconds after which a file is believed to look as it is


def hashes(tree: Path) -> Mapping[str, Case]:
    """The first hash, and the next one, which finds nothing changed."""
    cache = tree.with_name("cache")

    def again() -> Took:
        return timed(lambda: tree_hash(str(tree), str(cache)))

    def first() -> Took:
        cache.unlink(missing_ok=True)
        return again()

    return {FIRST: first, AGAIN: again}


def in_turn(cases: Mapping[str, Case], rounds: int) -> dict[str, Took]:
    """The medians."""
    found = [{name: case() for name, case in cases.items()} for _ in range(rounds)]
    return {name: sorted(one[name] for one in found)[rounds // 2] for name in cases}


def plain(folder: Path, given: argparse.Namespace) -> dict[str, Took]:
    """Hashes, hardlinks and copies, on the file system of the folder."""
    source = folder / "source"
    built(source, given.size, given.files)
    time.sleep(YOUNG)
    found = in_turn(hashes(source), given.rounds)
    ways = Ways(source)
    cases: Mapping[str, Case] = {
        RSYNC: lambda: ways.command("rsync", "-a"),
        CP: lambda: ways.command("cp", "-aT"),
        HARDLINK: lambda: ways.install("hardlink"),
        COPY: lambda: ways.install("copy"),
    }
    return found | in_turn(cases, given.rounds)


def shared(folder: Path, given: argparse.Namespace) -> dict[str, Took]:
    """Reflinks, on a btrfs of its own. Raises CalledProcessError, OSError."""
    with loopdisk.btrfs(folder, (4 * given.size + 1024) << 20) as disk:
        source = disk / "source"
        built(source, given.size, given.files)
        ways = Ways(source)
        cases: Mapping[str, Case] = {
            BTRFS_RSYNC: lambda: ways.command("rsync", "-a"),
            REFLINK: lambda: ways.install("reflink"),
        }
        return in_turn(cases, given.rounds)


def measure(given: argparse.Namespace) -> tuple[dict[str, Took], str]:
    """(what each took, why reflinks are not among them)."""
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        found = plain(Path(folder), given)
    refusal = loopdisk.refusal()
    if not refusal:
        with tempfile.TemporaryDirectory(dir=given.folder) as folder:
            found |= shared(Path(folder), given)
    return found, refusal


def page(found: Mapping[str, Took], refusal: str, given: argparse.Namespace) -> str:
    """Markdown. Pure."""
    rows = [[f"{given.size} MiB in {given.files:,} files", "median, s", "its CPU, s"]]
    rows += [[name, f"{took.wall:.2f}", f"{took.cpu:.2f}"] for name, took in found.items()]
    walls = {name: took.wall for name, took in found.items()}
    missing = f"\n{REFLINK} was not measured: {refusal}.\n" if refusal else ""
    return table(rows) + missing + "\n" + promised(stages_bars.of_tree(walls), CPU)


def main() -> int:
    """Measure, and print the page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.stages_tree")
    parser.add_argument("--size", type=int, default=1024, help="MiB of the tree")
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3, help="of each; the median counts")
    parser.add_argument("--folder", default="/var/tmp", help="where all files are made: on a disk")
    given = parser.parse_args()
    print(page(*measure(given), given))
    return 0


if __name__ == "__main__":
    sys.exit(main())
