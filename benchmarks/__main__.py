"""Everything in one run: `make bench` writes benchmarks/RESULTS.md.

    python -m benchmarks [--nodes 50] [--rounds 5] [--units 1000] [--no-peers] [--only PART ...]
                         [--folder DIR]

PART: fleet disk managers inventory sign accept. With --only nothing is written, the page is
printed. All that is measured lies in memory where there is room for it (--folder: elsewhere): real
nodes have a disk each, and these would wait for the same one. `disk` is the exception.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from benchmarks import fleet, results

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "benchmarks" / "RESULTS.md"
MEMORY, DISK = "/dev/shm", "/var/tmp"
SHARED = """\
A node syncs what it accepts before it answers. Here all nodes wait for one disk, so this shows the
worst case: a march of one config can miss its bar, which is about nodes with a disk each.

"""


def _fleet(given: argparse.Namespace) -> str:
    figures = fleet.measure(given.nodes, given.rounds, not given.no_peers)
    return results.fleet(figures, given.nodes)


def _disk(given: argparse.Namespace) -> str:
    words = ["-m", "benchmarks.fleet", "--nodes", str(given.nodes), "--rounds", "3", "--no-peers"]
    found = _printed(*words, env={**os.environ, "TMPDIR": DISK})
    title = f"The same fleet with all its files on one disk ({DISK})"
    return results.text(title, " ".join(["TMPDIR=" + DISK, "python", *words]), found, SHARED)


def _managers(given: argparse.Namespace) -> str:
    units = ["--units", str(given.units)]
    pm = _json("-m", "benchmarks.pm", *units)
    others = {} if given.no_peers else _json("-m", "benchmarks.peer_managers", *units)
    return results.managers(pm, others, given.units)


def _json(*words: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(_printed(*words))
    return found


def _printed(*words: str, env: Mapping[str, str] | None = None) -> str:
    """stdout of a part that is a program of its own."""
    done = subprocess.run(
        [sys.executable, *words], cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True, check=True
    )
    return done.stdout


def _text(title: str, module: str) -> Callable[[argparse.Namespace], str]:
    def measure(_: argparse.Namespace) -> str:
        return results.text(title, f"python -m {module}", _printed("-m", module))

    return measure


PARTS: dict[str, Callable[[argparse.Namespace], str]] = {
    "fleet": _fleet,
    "disk": _disk,
    "managers": _managers,
    "inventory": _text("Reading inventories and plans", "benchmarks.inventory"),
    "sign": _text("Signing a fleet", "benchmarks.sign"),
    "accept": _text("Accepting a stream on a node", "benchmarks.accept"),
}


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=(__doc__ or "").splitlines()[0]
    )
    fleet.options(parser)
    parser.add_argument("--units", type=int, default=1000, help="services of a process manager")
    parser.add_argument("--only", action="append", choices=PARTS)
    room = MEMORY if os.access(MEMORY, os.W_OK) else tempfile.gettempdir()
    parser.add_argument("--folder", default=room, help="where all files are made")
    return parser.parse_args()


def main() -> None:
    """Measure and write."""
    given = arguments()
    os.environ["TMPDIR"] = tempfile.tempdir = given.folder
    before = os.getloadavg()[0]
    sections = []
    for name in given.only or PARTS:
        print(f"{name}:", file=sys.stderr, flush=True)
        sections.append(PARTS[name](given))
    load = (before, os.getloadavg()[0])
    page = results.page(sections, with_peers=not given.no_peers, load=load, folder=given.folder)
    if given.only:
        print(page)
    else:
        PAGE.write_text(page)
        print(f"wrote {PAGE.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
