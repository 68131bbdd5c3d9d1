"""`enve demo`: the main job on this machine, on real SSH servers, with throw-away keys."""

from __future__ import annotations

import argparse


def configure(parser: argparse.ArgumentParser) -> None:
    """Whether the fleet stays, or is there only to practise on."""
    stays = parser.add_mutually_exclusive_group()
    stays.add_argument("--keep", action="store_true", help="leave the fleet running until Ctrl-C")
    stays.add_argument(
        "--empty", action="store_true", help="three bare nodes to practise on until Ctrl-C"
    )


def run(args: argparse.Namespace) -> int:
    """Tells the whole story; leaves nothing behind."""
    from enve.cli.demo import play  # noqa: PLC0415

    return play.practice() if args.empty else play.play(keep=args.keep)
