"""`enve store`: what is made once and kept, on this machine; the code is the node's own."""

from __future__ import annotations

import argparse

from enve.cli.trouble import told

ABOUT = """\
`enve store help` tells all verbs: list path meta get keep drop gc verify export.
Exit codes: 0; 3 a command failed; 5 a wrong signature; 64; 87 not in the store"""


def configure(parser: argparse.ArgumentParser) -> None:
    """All words go on as they are."""
    parser.epilog = ABOUT
    parser.add_argument("words", nargs=argparse.REMAINDER, metavar="VERB ...")


def run(args: argparse.Namespace) -> int:
    """What the verb ends with."""
    from enve_fire.verb.store.store import main  # noqa: PLC0415

    with told():
        return main(args.words)
