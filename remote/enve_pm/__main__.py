"""`python3 -I -S HOME/lib/HASH/enve_pm/__main__.py ARGUMENTS`; the folder in its place works too,
but costs the interpreter some milliseconds more."""

from __future__ import annotations

import os
import sys

if not __package__:  # run as a file or a folder: then the package is not in the path yet
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [os.path.dirname(here), *(path for path in sys.path if path != here)]

from enve_pm import compiled

if __name__ == "__main__":
    compiled.use(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    from enve_pm.entry import main

    sys.exit(main(sys.argv[1:]))
