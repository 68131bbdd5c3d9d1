"""`python3 -I -S .../enve_fire/__main__.py VERB ARGUMENTS`: what pm starts."""

from __future__ import annotations

import os
import sys

if not __package__:  # run as a file: then the package is not in the path yet
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [os.path.dirname(here), *(path for path in sys.path if path != here)]

from enve_pm import compiled

if __name__ == "__main__":
    compiled.use(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    from enve_fire.entry import main

    sys.exit(main(sys.argv[1:]))
