"""Everything in one run: `make bench` writes benchmarks/RESULTS.md.

    python -m benchmarks [--nodes 50] [--rounds 5] [--units 1000] [--no-peers] [--only PART ...]

PART: fleet managers inventory sign accept. With --only nothing is written, the page is printed.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import fleet, results

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "benchmarks" / "RESULTS.md"


def _fleet(given: argparse.Namespace) -> str:
    figures = fleet.measure(given.nodes, given.rounds, not given.no_peers)
    return results.fleet(figures, given.nodes)


def _managers(given: argparse.Namespace) -> str:
    units = ["--units", str(given.units)]
    pm = _json("-m", "benchmarks.pm", *units)
    others = {} if given.no_peers else _json("-m", "benchmarks.peer_managers", *units)
    return results.managers(pm, others, given.units)


def _json(*words: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(_printed(*words))
    return found


def _printed(*words: str) -> str:
    """stdout of a part that is a program of its own."""
    done = subprocess.run(
        [sys.executable, *words], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True
    )
    return done.stdout


def _text(title: str, module: str) -> Callable[[argparse.Namespace], str]:
    def measure(_: argparse.Namespace) -> str:
        return results.text(title, f"python -m {module}", _printed("-m", module))

    return measure


PARTS: dict[str, Callable[[argparse.Namespace], str]] = {
    "fleet": _fleet,
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
    return parser.parse_args()


def main() -> None:
    """Measure and write."""
    given = arguments()
    before = os.getloadavg()[0]
    sections = []
    for name in given.only or PARTS:
        print(f"{name}:", file=sys.stderr, flush=True)
        sections.append(PARTS[name](given))
    load = (before, os.getloadavg()[0])
    page = results.page(sections, with_peers=not given.no_peers, load=load)
    if given.only:
        print(page)
    else:
        PAGE.write_text(page)
        print(f"wrote {PAGE.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
