"""`enve version`."""

from __future__ import annotations

import argparse

from enve import __version__
from enve.cli import arguments
from enve.errors import OK


def configure(parser: argparse.ArgumentParser) -> None:
    """-o only."""
    arguments.screen(parser, ("table", "json"))


def run(args: argparse.Namespace) -> int:
    """One line, or one JSON object."""
    if args.output == "json":
        import json  # noqa: PLC0415

        print(json.dumps({"v": 1, "enve": __version__}))
    else:
        print(f"enve {__version__}")
    return OK
