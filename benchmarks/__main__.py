"""Everything in one run: `make bench` writes benchmarks/RESULTS.md.

    python -m benchmarks [PART...] [--nodes 50] [--rounds 5] [--units 1000] [--no-peers]
                         [--folder DIR]

PART: fleet disk managers restarts crowd inventory sign noop race tree accept. With some of them
nothing is written, the page is printed. All that is measured lies in memory where there is room for
it (--folder: elsewhere): real nodes have a disk each, and these would wait for the same one. `disk`
and `tree` are the exceptions. A part that cannot be measured says why on the page; the exit status
is 1 then.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time

from benchmarks import fleet, results
from benchmarks.parts import PARTS, ROOT

PAGE = ROOT / "benchmarks" / "RESULTS.md"
RECORDED = ROOT / "benchmarks" / "recorded"
MEMORY = "/dev/shm"


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help=" ".join(PARTS))
    fleet.options(parser)
    parser.add_argument("--units", type=int, default=1000, help="services of a process manager")
    room = MEMORY if os.access(MEMORY, os.W_OK) else tempfile.gettempdir()
    parser.add_argument("--folder", default=room, help="where all files are made")
    given = parser.parse_args()
    unknown = [part for part in given.parts if part not in PARTS]
    if unknown:
        parser.error(f"no such part: {' '.join(unknown)}; there are {' '.join(PARTS)}")
    return given


def measure(name: str, given: argparse.Namespace) -> tuple[str, bool]:
    """The section of a part, and whether it could be measured."""
    print(f"{name}:", file=sys.stderr, flush=True)
    began = time.monotonic()
    try:
        section, good = PARTS[name](given), True
    except (Exception, SystemExit) as error:
        section, good = results.failed(name, str(error) or type(error).__name__), False
    told = "" if good else ", NOT MEASURED"
    print(f"{name}: {time.monotonic() - began:.0f} s{told}", file=sys.stderr, flush=True)
    return section, good


def main() -> int:
    """Measure and write."""
    given = arguments()
    os.environ["TMPDIR"] = tempfile.tempdir = given.folder
    before = os.getloadavg()[0]
    found = [measure(name, given) for name in given.parts or PARTS]
    sections = [section for section, _ in found]
    load = (before, os.getloadavg()[0])
    if not given.parts:
        sections += results.recorded(RECORDED)
    page = results.page(sections, with_peers=not given.no_peers, load=load, folder=given.folder)
    if given.parts:
        print(page)
    else:
        PAGE.write_text(page)
        print(f"wrote {PAGE.relative_to(ROOT)}")
    return 0 if all(good for _, good in found) else 1


if __name__ == "__main__":
    sys.exit(main())
