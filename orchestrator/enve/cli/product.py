"""Which product a command is about, and how its profile is to be read: flags of several."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from enve.cli.arguments import said
from enve.errors import UsageError

if TYPE_CHECKING:
    from enve.load.profile.profiles import Asked, Profiles
    from enve.load.profile.secret import Lent
    from enve_fire.core.url import Url


def flags(parser: argparse.ArgumentParser) -> None:
    """URL -f --profile --set --secrets --trust --refresh --offline."""
    about = "a url or a folder; else this one"
    parser.add_argument("url", nargs="?", type=said, metavar="URL", help=about)
    about = "a profile in place of its own"
    parser.add_argument("-f", "--file", type=said, metavar="FILE", help=about)
    parser.add_argument(
        "--profile",
        action="append",
        default=[],
        metavar="NAME",
        help="which of its profiles; several are laid over each other",
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="K=V",
        help="a variable, or a key such as build.network; wins over all others",
    )
    parser.add_argument(
        "--secrets",
        type=said,
        metavar="FILE",
        help="where the secrets of its profile are: NAME: {env: X}",
    )
    parser.add_argument(
        "--trust",
        action="store_true",
        help="it, and its deps, may say build.sandbox, build.network and install.setuid",
    )
    parser.add_argument(
        "--refresh", action="store_true", help="look up again what can move: branches, tags"
    )
    parser.add_argument("--offline", action="store_true", help="open no socket")


def where(args: argparse.Namespace) -> Url:
    """Of this folder where none is given. Raises UsageError."""
    from enve_fire.core.url import parse  # noqa: PLC0415
    from enve_pm.core.fieldcheck import Bad  # noqa: PLC0415

    try:
        return parse(args.url or ".", str(Path.cwd()))
    except Bad as bad:
        raise UsageError(f"wanted {bad.args[0]}, found '{bad.args[1]}'") from None


def asked(args: argparse.Namespace, profiles: Profiles) -> Asked:
    """How its profile is to be read. Raises UsageError, InputError."""
    from enve.load.profile.merge import given  # noqa: PLC0415
    from enve.load.profile.profiles import Asked  # noqa: PLC0415

    sets = []
    for text in args.set:
        name, equals, value = text.partition("=")
        if not equals:
            raise UsageError(f"--set {text}: wanted NAME=VALUE")
        sets.append((name, given(value, f"--set {name}=...")))
    inline = profiles.read(Path(args.file)) if args.file else None
    return Asked(tuple(args.profile), inline, sets=tuple(sets), trust=args.trust)


def secrets(args: argparse.Namespace) -> Lent:
    """Those that its profile may name. Raises InputError."""
    from enve.load.profile.secret import GIVE, ByName  # noqa: PLC0415
    from enve.load.secret import Secrets  # noqa: PLC0415
    from enve.load.yaml.file import read_yaml  # noqa: PLC0415

    return ByName(Secrets(read_yaml(args.secrets) if args.secrets else None, GIVE))
