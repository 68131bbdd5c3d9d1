"""`python3 -I -S HOME/lib/HASH/enve_pm ARGUMENTS`, and the same for the folder that holds it."""

from __future__ import annotations

import sys

if not __package__:  # run as a folder: the package itself stands first in the path
    sys.path[0] = sys.path[0].rpartition("/")[0] or "/"

from enve_pm.entry import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
