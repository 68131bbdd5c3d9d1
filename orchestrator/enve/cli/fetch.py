"""`enve fetch`: what a url means, as a folder on this machine; the code is the node's own."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from enve.cli.trouble import told

if TYPE_CHECKING:
    from enve.cli import arguments

CODES = """
Exit codes: 0; 64; 69 a program is missing here; 80 it cannot be had; 86 it changes meanwhile;
87 not in the store
"""


def configure(parser: arguments.Parser) -> None:
    """All words go on as they are."""
    parser.help_of = _help
    parser.add_argument("words", nargs=argparse.REMAINDER, metavar="URL ...")


def _help() -> str:
    from enve_fire.verb.fetch import USE  # noqa: PLC0415

    return USE + CODES


def run(args: argparse.Namespace) -> int:
    from enve_fire.verb.fetch import main  # noqa: PLC0415

    with told():
        return main(args.words)
