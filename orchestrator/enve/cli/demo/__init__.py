"""`enve demo`: the main job on this machine, on real SSH servers, with throw-away keys."""

from __future__ import annotations

import argparse


def configure(parser: argparse.ArgumentParser) -> None:
    """One flag: whether the fleet stays."""
    parser.add_argument("--keep", action="store_true", help="leave the fleet running until Ctrl-C")


def run(args: argparse.Namespace) -> int:
    """Tells the whole story; leaves nothing behind."""
    from enve.cli.demo.play import play  # noqa: PLC0415

    return play(keep=args.keep)
