"""The verbs that only read: list, status, cat. They work when pm is dead too."""

from __future__ import annotations

import sys
import time

from enve_pm.client import plain, read
from enve_pm.core import address
from enve_pm.shell import listing, where, words
from enve_pm.shell.words import FAILED, OK, USAGE, Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

HIDDEN = "***"  # in the place of a secret
OUTPUTS = ("table", "json", "name")


def units(verb: str, arguments: Sequence[str]) -> int:
    """`pm list [PATTERN...] [-o table|json|name]`."""
    options, patterns = words.split(arguments, {**where.FLAGS, "-o": True})
    output = read.choice(options, OUTPUTS)
    home = where.home(options)
    status = read.status(home)
    found = listing.chosen(listing.rows(status, read.subs(home)), patterns)
    if patterns and not found:
        raise Failure(USAGE, f"no unit matches {' '.join(patterns)}; pm list shows all")
    _print(found, output)
    wrong = read.outdated(home)
    if not read.alive(status):
        wrong = f"pm is not running in {home}; these are its last states"
    if wrong:
        print("pm: " + wrong, file=sys.stderr)
    return FAILED if wrong else OK


def _print(found: Sequence[Any], output: str) -> None:
    if output == "json":
        import json

        print(json.dumps({address.format(row): unit for row, unit in found}, indent=2))
    elif output == "name":
        print("".join(f"{address.format(row)}\n" for row, _ in found), end="")
    else:
        rows = listing.table(found, time.time_ns() // 1_000_000)
        print("\n".join(map(plain.text, rows)))


def status(verb: str, arguments: Sequence[str]) -> int:
    """`pm status`: is it alive, which program, how many units in which state. Exit 3 when dead."""
    options, _ = words.split(arguments, where.FLAGS)
    home = where.home(options)
    shown = read.status(home)
    lives = read.alive(shown)
    counts: dict[str, int] = {}
    for _, unit in listing.rows(shown, read.subs(home)):
        counts[unit.get("state", "?")] = counts.get(unit.get("state", "?"), 0) + 1
    print(f"pm {shown.get('version', '?')} ({shown.get('hash') or 'not installed'}) in {home}")
    print(
        f"running, pid {shown.get('pid')}" if lives else "not running; start it with: pm host start"
    )
    print(", ".join(f"{count} {state}" for state, count in sorted(counts.items())) or "no units")
    old = read.outdated(home)
    if old:
        print(old)
    return OK if lives and not old else FAILED


def cat(verb: str, arguments: Sequence[str]) -> int:
    """`pm cat UNIT...`: the parameters as pm has them, one JSON object a unit."""
    options, names = words.split(arguments, where.FLAGS)
    if not names:
        raise Failure(USAGE, "which unit? pm cat UNIT...")
    import json

    home = where.home(options)
    for name in names:
        line = veiled(read.parameter(home, read.steps(name)))
        print(plain.json_text(json.dumps(line, indent=2, sort_keys=True, ensure_ascii=False)))
    return OK


def veiled(line: Mapping[str, Any]) -> dict[str, Any]:
    """A line without the values that nobody shall see. It may be anybody's."""
    env, secret = line.get("env"), line.get("secret_env")
    if not isinstance(env, dict) or not isinstance(secret, list):
        return dict(line)
    names = [name for name in secret if isinstance(name, str)]
    return {**line, "env": {k: HIDDEN if k in names else v for k, v in env.items()}}


COMMANDS: dict[str, Callable[[str, Sequence[str]], int]] = {
    "list": units,
    "status": status,
    "cat": cat,
}
