"""`enve makepkg`: what a product is built to, as one file."""

from __future__ import annotations

import argparse
import os

from enve.cli import product
from enve.cli.trouble import told
from enve.errors import OK

WAYS = ("auto", "root", "fakeroot", "userns", "map")
ABOUT = """\
The file is the same to the byte whoever makes it, and wherever: its archive's sha256 is reported.
Its name ends in .tar.gz, .tar.xz or .tar.zst; nodes read the first two.

Exit codes: 0; 5 a signature that does not hold; 64; 65; 69 a program, a key or a place to
write to is missing; 80 checkout 82 build 83 install"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Its flags."""
    parser.epilog = ABOUT
    product.flags(parser)
    parser.add_argument("-o", "--output", metavar="F", default="", help="a file, or a folder")
    parser.add_argument(
        "--owners", choices=WAYS, default=WAYS[0], help="how files are given to their owners"
    )
    parser.add_argument("--sign", metavar="KEY", default="", help="sign it, beside it: F.sig")
    parser.add_argument(
        "--import", dest="package", metavar="F", help="put a package into the store"
    )
    parser.add_argument(
        "--keyring", metavar="KEYS", default="", help="whose signature F has to bear"
    )


def run(args: argparse.Namespace) -> int:
    """Prints the path: of the package, or of the artifact in the store."""
    from enve.app.stages import here  # noqa: PLC0415
    from enve.cli.fire import loaded, report  # noqa: PLC0415
    from enve_fire.app.packed import Asked, packed  # noqa: PLC0415
    from enve_fire.pack.unpacked import import_package  # noqa: PLC0415

    with told():
        ctx = here(os.environ, report, offline=args.offline, refresh=args.refresh)
        if args.package:
            print(import_package(args.package, ctx.store, args.keyring).path)
            return OK
        wanted = Asked(args.output, args.owners, args.sign)
        print(packed(loaded(args, ctx).product, wanted, ctx))
    return OK
