"""pm's own figures, printed as one JSON object.

python -m benchmarks.pm [--units 1000] [--only PART ...] [--folder DIR] [--python PATH]

PART: bare many storm flood killed reexec client stream endure crowd.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
from collections.abc import Callable, Mapping

from benchmarks.pm import bare, crowd, ends, endure, many, orders, pressure
from benchmarks.pm.manager import Pm, manager

PARTS: Mapping[str, Callable[[Pm, int], dict[str, object]]] = {
    "bare": bare.measure,
    "many": many.measure,
    "storm": pressure.storm,
    "flood": pressure.flood,
    "killed": ends.killed,
    "reexec": ends.reexec,
    "client": orders.client,
    "stream": orders.stream,
    "endure": endure.endure,
    "crowd": crowd.crowd,
}


def main() -> int:
    """Each part has a pm of its own."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pm")
    parser.add_argument("--units", type=int, default=1000)
    parser.add_argument("--only", choices=list(PARTS), action="append")
    parser.add_argument("--folder", help="for the throw-away HOMEs")
    parser.add_argument("--python", default=sys.executable)
    options = parser.parse_args()
    found: dict[str, object] = {"python": options.python, "kernel": platform.release()}
    for name, part in PARTS.items():
        if name in (options.only or PARTS):
            with manager(options.folder, options.python) as pm:
                found[name] = part(pm, options.units)
                print(name, found[name], file=sys.stderr, flush=True)
    print(json.dumps(found, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
