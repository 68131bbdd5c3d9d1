"""`enve verify`: whether what was installed and set up on this machine is as it was laid; the code
is the node's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from enve.cli.arguments import one_of
from enve.cli.trouble import told

if TYPE_CHECKING:
    import argparse

ABOUT = """\
PLACE is a folder that something was installed into, anything in it, or a folder with several such;
without one all that you have is looked at.

Exit codes: 0 the same; 3 something differs; 64; 65 a mark is damaged"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Its flags."""
    parser.epilog = ABOUT
    parser.add_argument("places", nargs="*", metavar="PLACE")
    parser.add_argument(
        "--no-extra", action="store_true", help="pass by what was not there when it was laid"
    )
    parser.add_argument(
        "--forget",
        action="store_true",
        help="what differs counts as not done: it is done again when it is wanted",
    )
    formats = ("table", "json")
    parser.add_argument(
        "-o",
        "--output",
        type=one_of(formats),
        default="table",
        metavar="FORMAT",
        help=" ".join(formats),
    )


def run(args: argparse.Namespace) -> int:
    from enve_fire.verb.verify import main  # noqa: PLC0415

    flags = ["--no-extra"] * args.no_extra + ["--forget"] * args.forget
    with told():
        return main([*flags, "-o", args.output, *args.places])
