"""`enve makepkg`: what a product is built to, as one file."""

from __future__ import annotations

import argparse
import os

from enve.cli import product
from enve.cli.arguments import said
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
    about = "a file, or a folder"
    parser.add_argument("-o", "--output", type=said, metavar="F", help=about)
    about = "how files are given to their owners"
    parser.add_argument("--owners", choices=WAYS, default=WAYS[0], help=about)
    about = "sign it, beside it: F.sig"
    parser.add_argument("--sign", type=said, metavar="KEY", help=about)
    about = "put a package into the store"
    parser.add_argument("--import", dest="package", type=said, metavar="F", help=about)
    about = "whose signature F has to bear"
    parser.add_argument("--keyring", type=said, metavar="KEYS", help=about)


def run(args: argparse.Namespace) -> int:
    """Prints the path: of the package, or of the artifact in the store."""
    from enve.app.stages import here  # noqa: PLC0415
    from enve.cli.fire import loaded, report  # noqa: PLC0415
    from enve_fire.app.packed import Asked, packed  # noqa: PLC0415
    from enve_fire.pack.unpacked import import_package  # noqa: PLC0415

    with told():
        ctx = here(os.environ, report, offline=args.offline, refresh=args.refresh)
        if args.package:
            print(import_package(args.package, ctx.store, args.keyring or "").path)
            return OK
        wanted = Asked(args.output or "", args.owners, args.sign or "")
        print(packed(loaded(args, ctx).product, wanted, ctx))
    return OK
