"""`enve store`: what is made once and kept, on this machine; the code is the node's own."""

from __future__ import annotations

import argparse

from enve.errors import EnveError

ABOUT = """\
`enve store help` tells all verbs: list path meta get keep drop gc verify.
Exit codes: 0; 3 a command failed; 5 a wrong signature; 64; 87 not in the store"""


def configure(parser: argparse.ArgumentParser) -> None:
    """All words go on as they are."""
    parser.epilog = ABOUT
    parser.add_argument("words", nargs=argparse.REMAINDER, metavar="VERB ...")


def run(args: argparse.Namespace) -> int:
    """What the verb ends with."""
    from enve_fire.core.trouble import Trouble  # noqa: PLC0415
    from enve_fire.verb.store import main  # noqa: PLC0415

    try:
        return main(args.words)
    except Trouble as trouble:
        raise Failed(trouble.code, trouble.message, trouble.hint) from None


class Failed(EnveError):
    """A trouble of the stages, with its own exit code."""

    def __init__(self, code: int, message: str, hint: str) -> None:
        super().__init__(message, hint=hint)
        self.exit_code = code
