"""`enve fire` and the commands for each of its targets: a product on this machine, with no node."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

from enve.cli import product
from enve.cli.arguments import said
from enve.cli.trouble import told
from enve.errors import UsageError

if TYPE_CHECKING:
    from enve.cli import arguments
    from enve_fire.app.request import Loaded, Request
    from enve_fire.stage.context import Context

TARGETS = ("run", "execute", "shell", "module", "test", "build", "install", "setup", "unsettle")
FIRE = "fire"
WITH_WORDS = ("run", "shell")
ABOUT = """\
TARGET is one of run (which it is without one) execute shell module test build install setup, each a
command of its own too, or unsettle. Nothing is done that was done before and has not changed.

WORDS follow the command that runs, or are run in place of a shell. build, install and setup print
where the result is, module a file for `.` of a shell; unsettle takes roots of its own
away, and with --purge their files and volumes.

Exit codes: what ran; 64; 65; 80 checkout 81 settle 82 build 83 install 84 setup 85 test 86 busy"""


def configure(parser: arguments.Parser) -> None:
    """Its flags."""
    command = parser.get_default("command")
    parser.epilog = ABOUT
    words = "[TARGET] " if command == FIRE else ""
    tail = " [-- WORDS]" if command in (FIRE, *WITH_WORDS) else ""
    parser.usage = f"%(prog)s [flags] {words}[URL]{tail}"
    if command == FIRE:
        parser.add_argument("target", nargs="?", metavar="TARGET", help="how far it goes")
    product.flags(parser)
    about = "install there, not in the store"
    parser.add_argument("--root", type=said, metavar="DIR", help=about)
    if command in (FIRE, "build"):
        parser.add_argument("--check", action="store_true", help="build again, and compare")
    if command == FIRE:
        parser.add_argument("--purge", action="store_true", help="of unsettle: files go too, data")
    parser.set_defaults(words=None, check=False, purge=False)
    parser.takes_words = parser.mixed = True


def run(args: argparse.Namespace) -> int:
    """What runs takes the place of this process."""
    from enve.app.stages import here  # noqa: PLC0415
    from enve_fire.app.fire import fire  # noqa: PLC0415

    target = _target(args)
    with told():
        ctx = here(os.environ, report, offline=args.offline, refresh=args.refresh)
        return fire(_request(args, target), lambda: loaded(args, ctx), ctx)


def _target(args: argparse.Namespace) -> str:
    """A word that is no target is the url. Raises UsageError."""
    if args.command != FIRE:
        target = str(args.command)
    elif args.target is None or args.target in TARGETS:
        target = args.target or TARGETS[0]
    elif args.url is None and not _is_mere_word(args.target):
        target, args.url = TARGETS[0], args.target
    else:
        raise _no_target(args.target, args.url)
    return target


def _is_mere_word(text: str) -> bool:
    """Whether it is neither a url nor a path, nor the name of anything here."""
    return not set(text) & set("/:.") and not os.path.lexists(text)


def _no_target(word: str, url: str | None) -> UsageError:
    from enve.core.suggest import did_you_mean  # noqa: PLC0415

    told = f"enve fire has no target '{word}'"
    if url is None:
        told += ", nor is anything here called so"
    known = f"a target is one of {' '.join(TARGETS)}; words for what runs stand behind --"
    near = did_you_mean(word, TARGETS)
    return UsageError(told, hint=f"{near} {known}" if near else known)


def _request(args: argparse.Namespace, target: str) -> Request:
    """Its words are those that `enve.cli.start` looks for the next time."""
    from enve_fire.app.quick import split  # noqa: PLC0415
    from enve_fire.app.request import Request  # noqa: PLC0415

    words, _ = split(["enve", *sys.argv[1:]])
    sets = "\n".join((*args.profile, *args.set))
    more = args.words or []
    keep = not args.refresh and not args.secrets  # a secret may be another one the next time
    root = args.root or ""
    return Request(target, words, more, root, sets, args.check, keep, args.purge)


def loaded(args: argparse.Namespace, ctx: Context) -> Loaded:
    from enve.app.checkout import by, lazily  # noqa: PLC0415
    from enve.load.profile.profiles import Profiles  # noqa: PLC0415
    from enve_fire.app.request import Loaded  # noqa: PLC0415
    from enve_fire.core.product import Product  # noqa: PLC0415

    profiles = Profiles(lazily(by(ctx.store, ctx.how)), product.secrets(args))
    found, loaded = profiles.product(product.where(args), product.asked(args, profiles))
    files = {os.path.abspath(path): data for path, data in loaded.files.items()}  # noqa: PTH100
    missing = [os.path.abspath(path) for path in sorted(loaded.missing)]  # noqa: PTH100
    product_ = Product(found.pinned.text, found.source, found.table)
    return Loaded(product_, files, missing, loaded.secrets)


def report(line: str) -> None:
    print(line, file=sys.stderr)
