"""Other process managers, measured one after the other; printed as one JSON object.

    python -m benchmarks.managers [--units 1000] [--only NAME]

NAME: supervisord circus s6 runit dinit. One that is not here says why, in the place of its figures.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from pathlib import Path

from benchmarks.managers.c_peers import S6, Dinit, Runit
from benchmarks.managers.measure import measure
from benchmarks.managers.peer import Missing, Peer
from benchmarks.managers.python_peers import Circus, Supervisord

KINDS: tuple[type[Peer], ...] = (Supervisord, Circus, S6, Runit, Dinit)


def _of(kind: type[Peer], units: int) -> dict[str, object]:
    folder = Path(tempfile.mkdtemp(prefix="pm-peer-"))
    try:
        return {"version": kind.version(), **measure(kind(folder, units))}
    except Missing as why:
        return {"missing": str(why)}
    except (TimeoutError, OSError) as error:
        return {"missing": f"it failed: {error}"}
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    """Measure each."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.managers")
    parser.add_argument("--units", type=int, default=1000)
    parser.add_argument("--only", choices=[kind.name for kind in KINDS])
    options = parser.parse_args()
    found = {}
    for kind in KINDS:
        if options.only in (None, kind.name):
            print(f"  {kind.name}", file=sys.stderr, flush=True)
            found[kind.name] = _of(kind, options.units)
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
