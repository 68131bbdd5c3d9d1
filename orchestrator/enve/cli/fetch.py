"""`enve fetch`: what a url means, as a folder on this machine; the code is the node's own."""

from __future__ import annotations

import argparse

from enve.cli.trouble import told

ABOUT = """\
`enve fetch help` tells the rest.
Exit codes: 0; 64; 80 it cannot be had; 87 not in the store"""


def configure(parser: argparse.ArgumentParser) -> None:
    """All words go on as they are."""
    parser.epilog = ABOUT
    parser.add_argument("words", nargs=argparse.REMAINDER, metavar="URL ...")


def run(args: argparse.Namespace) -> int:
    from enve_fire.verb.fetch import main  # noqa: PLC0415

    with told():
        return main(args.words)
