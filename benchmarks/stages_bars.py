"""What the stages have to keep, and what stands behind what they miss. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from benchmarks.bars import Bar
from benchmarks.stages_cases import BARE, FIND, GIT, NIX, NODE

Figures = Mapping[str, tuple[float, float]]  # of each case its median and its best, ms
FIRST, AGAIN = "a folder's first hash", "its hash when nothing has changed"
RSYNC, CP, BTRFS_RSYNC = "rsync -a", "cp -a", "rsync -a, btrfs"
HARDLINK, COPY, REFLINK = "install, hardlink", "install, copy", "install, reflink, btrfs"
PYTHON = 9.2  # ms of `python3 -I -S` on the machine that the bars were set on


def of_noop(few: Figures, many: Figures, tree: str) -> list[Bar]:
    """`tree`: how large the folder of `many` is."""
    found = [
        Bar("no-op fire on a node, a folder", few[NODE][0], 20, "ms"),
        Bar("no-op fire on a node, git", few[GIT][0], 20, "ms"),
    ]
    if NIX in few:
        beside = few[NODE][0] / few[NIX][0]
        found.append(Bar("no-op fire of a folder, beside nix-build", beside, 1, "x"))
    return [*found, Bar(f"no-op fire, {tree}", many[NODE][0], 200, "ms")]


def slowness(few: Figures, many: Figures) -> str:
    """How much of it is this machine's."""
    return (
        f"In this run a start of Python that does nothing took {few[BARE][0]:.1f} ms; on the "
        f"machine that these bars were set on it took {PYTHON:g} ms. find took "
        f"{many[FIND][0]:.0f} ms to look at each file of the large folder."
    )


def of_race(made: int, late: float, racers: int) -> list[Bar]:
    """`made`: how often at most one hash was built; `late`: ms of the last of the others."""
    return [
        Bar(f"builds of one hash by {racers} racers", made, 1, ""),
        Bar("the last of the others, after the build", late, 50, "ms"),
    ]


def of_tree(found: Mapping[str, float]) -> list[Bar]:
    """`found`: seconds; reflinks may be missing."""
    bars = [
        Bar(FIRST, found[FIRST], 1.3, "s"),
        Bar(AGAIN, found[AGAIN], 0.2, "s"),
        Bar(
            "install by hardlink: faster than rsync by",
            found[RSYNC] / found[HARDLINK],
            5,
            "x",
            least=True,
        ),
        Bar("install by copy, beside cp -a", found[COPY] / found[CP], 1.1, "x"),
    ]
    if REFLINK in found:
        faster = found[BTRFS_RSYNC] / found[REFLINK]
        bars.append(Bar("install by reflink: faster than rsync by", faster, 5, "x", least=True))
    return bars
