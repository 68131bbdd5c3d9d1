"""`enve profile show`, `lint` and `schema`: what a profile becomes, whether it is good, and what
editors are told about it."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING, Any

from enve.cli import arguments, product
from enve.cli.trouble import told
from enve.errors import OK, EnveError, UsageError

if TYPE_CHECKING:
    from enve.load.profile.profiles import Asked, Profiles

ACTIONS = ("show", "lint", "schema")


def configure(parser: arguments.Parser) -> None:
    """The flags of `enve profile`."""
    parser.mixed = True
    parser.add_argument(
        "action", type=arguments.one_of(ACTIONS), metavar="ACTION", help=" ".join(ACTIONS)
    )
    product.flags(parser)
    parser.add_argument(
        "-o",
        "--output",
        type=arguments.one_of(("yaml", "json")),
        default="yaml",
        metavar="FORMAT",
        help="yaml json",
    )


def run(args: argparse.Namespace) -> int:
    """Nothing is built; a url is fetched. Secrets are named and not read."""
    if args.action == "schema":
        from enve.load.profile.schema import schema  # noqa: PLC0415

        if args.url:
            raise UsageError("enve profile schema takes no URL")
        print(json.dumps(schema(), indent=2))
        return OK
    with told():
        return _show(args) if args.action == "show" else _lint(args)


def _show(args: argparse.Namespace) -> int:
    profiles = _profiles(args)
    _, loaded = profiles.product(product.where(args), _asked(args, profiles))
    if args.output == "json":
        print(json.dumps(loaded.table, indent=2, ensure_ascii=False))
        return OK
    print(_yaml(loaded.table), end="")
    return OK


class _Mode(int):
    """Permission bits, as people write them."""


def _yaml(table: Any) -> str:
    import yaml  # noqa: PLC0415

    class Dumper(yaml.SafeDumper):
        """With modes."""

    def mode(dumper: Dumper, value: _Mode) -> yaml.Node:
        return dumper.represent_scalar("tag:yaml.org,2002:int", f"0{value:03o}")

    Dumper.add_representer(_Mode, mode)
    return str(yaml.dump(_modes(table), Dumper=Dumper, sort_keys=False, allow_unicode=True))


def _modes(value: Any) -> Any:
    if isinstance(value, list):
        return [_modes(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        key: _Mode(one) if key == "mode" and isinstance(one, int) else _modes(one)
        for key, one in value.items()
    }


def _lint(args: argparse.Namespace) -> int:
    """What is asked for; where no profile is named, each of them too."""
    from enve_fire.core.profile import product as name_of  # noqa: PLC0415

    profiles = _profiles(args)
    where, asked = product.where(args), _asked(args, profiles)
    _, first = profiles.product(where, asked)
    unused, bad = first.unused, []
    known = unused.union(*first.names.values())
    own: list[str] = []
    others = () if asked.profiles else first.profiles
    for name in others:
        try:
            found = profiles.product(where, asked._replace(profiles=(name,)))[1].unused
            unused &= found
            own += [f"{one} of profile {name}" for one in sorted(found - known)]
        except EnveError as error:
            bad.append(error)
    if bad:
        raise ExceptionGroup("profiles", bad)
    for name in (*sorted(unused), *own):
        print(f"nothing uses the variable {name}")
    print(f"{name_of(first.table)} is good" + "".join(f", {name} too" for name in others))
    return OK


def _asked(args: argparse.Namespace, profiles: Profiles) -> Asked:
    """Nothing is built: it is shown what a product says, whoever wrote it."""
    return product.asked(args, profiles)._replace(trust=True)


def _profiles(args: argparse.Namespace) -> Profiles:
    from enve.app.checkout import here  # noqa: PLC0415
    from enve.load.profile.profiles import Profiles  # noqa: PLC0415
    from enve.load.profile.secret import Shown  # noqa: PLC0415

    return Profiles(
        here(refresh=args.refresh, offline=args.offline, report=_report), secrets=Shown()
    )


def _report(line: str) -> None:
    print(line, file=sys.stderr)
