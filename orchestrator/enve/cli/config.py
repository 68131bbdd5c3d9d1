"""`enve config dump`: the settings in force, and where each comes from."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

from enve.cli import arguments, fleet
from enve.core.printable import printable
from enve.errors import OK

if TYPE_CHECKING:
    from enve.settings import Settings


def configure(parser: argparse.ArgumentParser) -> None:
    """The flags of `enve config`."""
    parser.add_argument("action", type=arguments.one_of(("dump",)), metavar="dump", help="show all")
    parser.add_argument(
        "--only-changed", action="store_true", help="only what is not at its default"
    )
    parser.add_argument("--no-headers", action="store_true", help="rows only")
    arguments.screen(parser, ("table", "json"))


def run(args: argparse.Namespace) -> int:
    """Show the settings; flag > ENVE_* > ./enve.toml > XDG config > /etc/enve."""
    rows = [row for row in settings(fleet.settings(args)) if _wanted(row, args.only_changed)]
    if args.output == "json":
        told = [{"name": name, "value": value, "origin": origin} for name, value, origin in rows]
        print(json.dumps({"v": 1, "settings": told}))
        return OK
    from enve.cli.table import table  # noqa: PLC0415

    cells = [(name, printable(shown(value)), printable(origin)) for name, value, origin in rows]
    for line in table(cells if args.no_headers else [("SETTING", "VALUE", "ORIGIN"), *cells]):
        print(line)
    return OK


def settings(found: Settings) -> list[tuple[str, Any, str]]:
    """Name, value and origin of each."""
    return [(name, _value(getattr(found, name)), origin) for name, origin in found.origins.items()]


def _wanted(row: tuple[str, Any, str], only_changed: bool) -> bool:
    return not only_changed or row[2] != "default"


def _value(value: Any) -> Any:
    if isinstance(value, tuple):
        return [str(item) for item in value]
    return value if isinstance(value, (str, int, float, bool)) else str(value)


def shown(value: Any) -> str:
    """A value for people."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ":".join(value) or "-"
    return f"{value:g}" if isinstance(value, float) else str(value) or "-"
