"""From one merged profile to the strict table: rendered, completed, and checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from enve.load.profile.compound import WHOLE
from enve.load.profile.form import TABLE
from enve.load.profile.merge import Branch, is_nothing
from enve.load.profile.needs import Deps
from enve.load.profile.reader import Reader
from enve.load.profile.scope import ProfileScope
from enve.load.profile.trail import Trail
from enve.load.profile.workshop import Workshop
from enve.load.yaml.item import Item
from enve_fire.core import configfile, profile, profileshape
from enve_pm.core.fieldcheck import Bad

FORMAT = 1
SHOWN = 40  # characters of a foreign value in a message
PREFIX = "/opt/"  # and the title, where nothing is said


class Made(NamedTuple):
    """`names`: section -> variables that it was made with; `unused`: the others; `secrets`: values
    not to be shown; `places`: path in the table -> where it is said."""

    table: dict[str, Any]
    names: Mapping[str, frozenset[str]]
    unused: frozenset[str]
    secrets: frozenset[str]
    places: Mapping[str, Item]


def make(
    root: Branch, shop: Workshop, deps: Deps, trail: Trail, leave_out: Sequence[str] = ()
) -> Made:
    """Raises InputError, and Trouble from the checkout of a dep."""
    keys = {name: value for name, (_, value) in root.keys.items() if not is_nothing(value)}
    scope = ProfileScope(keys.get("vars"), shop)
    reader = Reader(scope, shop)
    wanted = {name: pair for name, pair in root.keys.items() if name not in ("vars", *leave_out)}
    table = TABLE.read(reader, Branch(root.item, wanted), WHOLE, "")
    table = _prefixed({"enve": FORMAT, **table}, reader)
    needed = table.pop("deps", {})
    _check(table, reader)  # before anything is fetched for it
    _kept_in(table, reader, trail)
    table["deps"] = {kind: deps.rows(rows, trail) for kind, rows in needed.items() if rows}
    table = _plain(table)
    _check(table, reader)
    names = {name: scope.closure(frozenset(used)) for name, used in reader.names.items()}
    unused = scope.names.difference(*names.values())
    hidden = frozenset(reader.hidden) | scope.hidden()
    return Made(table, names, unused, hidden, reader.places)


def _kept_in(table: Mapping[str, Any], reader: Reader, trail: Trail) -> None:
    """How a build is kept in, and what is setuid, says who calls, and not what was fetched. Raises
    InputError."""
    for key, value in () if trail.trust else profile.loose(table):
        item = reader.places["." + key]
        if not trail.is_own(item):
            told = f"{key} is {value[:SHOWN]} in a product that was fetched: say so yourself"
            raise item.bad(told, hint=_by_caller(key, value))


def _by_caller(key: str, value: str) -> str:
    """How he says it. A list is written in a plan, or in a profile of his own."""
    if not key.startswith("build."):
        return "--trust, or a profile of your own by -f; in a plan `config`, or `trust: true`"
    hint = f"--set {key}={value}, or --trust for all that it needs, too; in a plan"
    return f"{hint} `set: {{{key}: '{value}'}}`, or `trust: true`"


def options(root: Branch, shop: Workshop) -> dict[str, Any]:
    """Section `checkout` alone, with its defaults. Raises InputError."""
    keys = {name: value for name, (_, value) in root.keys.items() if not is_nothing(value)}
    if "checkout" not in keys:
        return {**profile.DEFAULTS["checkout"]}
    reader = Reader(ProfileScope(keys.get("vars"), shop), shop)
    found = TABLE.keys["checkout"].read(reader, keys["checkout"], "checkout", ".checkout")
    return {**profile.DEFAULTS["checkout"], **found}


def _prefixed(table: dict[str, Any], reader: Reader) -> dict[str, Any]:
    """With the prefix where the table has it, at whichever place it is said."""
    build = table.get("build", {})
    inner = build.pop("prefix", "")
    outer = table.get("prefix", "")
    if inner and outer and inner != outer:
        first = reader.places[".prefix"].where
        message = f"the prefix is said twice: {inner} here, {outer} at {first}"
        raise reader.places[".build.prefix"].bad(message)
    return {**table, "prefix": outer or inner or PREFIX + table["title"]}


def _plain(table: Mapping[str, Any]) -> dict[str, Any]:
    """Without what is at its default, and without what says nothing."""
    found = {}
    for name, value in table.items():
        defaults = profile.DEFAULTS.get(name, {})
        if isinstance(value, dict):
            value = {k: v for k, v in value.items() if v != defaults.get(k)}  # noqa: PLW2901
        if value not in ({}, ""):
            found[name] = value
    return found


def _check(table: Mapping[str, Any], reader: Reader) -> None:
    """As a node checks it: nothing that it would refuse leaves this machine."""
    try:
        profileshape.check(table)
        configfile.wanted(table)
    except Bad as bad:
        wanted, found, *rest = bad.args
        path = rest[0] if rest else _file(table, found)
        what = path.lstrip(".") or WHOLE
        raise _nearest(path, reader).bad(
            f"{what}: wanted {wanted}, found {_shown(found, reader)}"
        ) from None


def _file(table: Mapping[str, Any], found: object) -> str:
    """Where a file of setup with this path stands; "" if it is no such path."""
    for number, row in enumerate(table.get("setup", {}).get("files", ())):
        if found in (row["path"], f"{table['prefix']}/{row['path']}"):
            return f".setup.files[{number}].path"
    return ""


def _nearest(path: str, reader: Reader) -> Item:
    """The place of the value at the path, or of what it stands in."""
    while path and path not in reader.places:
        path = path[: max(path.rfind("."), path.rfind("["), 0)]
    return reader.places[path]


def _shown(found: object, reader: Reader) -> str:
    text = str(found)
    if any(secret in text for secret in reader.hidden):
        return "a value that is not shown"
    return repr(found) if len(text) <= SHOWN else repr(text[:SHOWN]) + "..."
