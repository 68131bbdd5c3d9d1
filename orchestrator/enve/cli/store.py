"""`enve store`: what is made once and kept, on this machine; the code is the node's own."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from enve.cli.trouble import told

if TYPE_CHECKING:
    from enve.cli import arguments

USAGE = """\
usage: enve store VERB ...

What is made once and kept: look, make, keep, collect.

"""
CODES = """

Exit codes: 0; 3 a command failed, or what differs was found; 5 a wrong signature; 64; 65 damaged;
69 something is missing here; 86 it changes meanwhile; 87 not in the store
"""


def configure(parser: arguments.Parser) -> None:
    """All words go on as they are."""
    parser.help_of = _help
    parser.add_argument("words", nargs=argparse.REMAINDER, metavar="VERB ...")


def _help() -> str:
    from enve_fire.verb.store.store import USE  # noqa: PLC0415

    return USAGE + USE + CODES


def run(args: argparse.Namespace) -> int:
    """What the verb ends with."""
    from enve_fire.verb.store.store import main  # noqa: PLC0415

    with told():
        return main(args.words)
