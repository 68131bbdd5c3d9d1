"""The entry point of `enve`: what ran before and has not changed runs again at once; all else
begins at `enve.cli.main`, whose imports alone take longer than that."""

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

# commands that may end in running a product, as `enve.cli.fire` has them
QUICK = ("fire", "run", "execute", "shell", "module")


def main() -> "NoReturn":
    """`enve COMMAND ...`"""
    words = sys.argv[1:]
    if words and words[0] in QUICK:
        from enve_fire.app.quick import quick  # noqa: PLC0415

        quick(["enve", *words], os.environ)
    from enve.cli.main import main as slow  # noqa: PLC0415

    slow(words)
