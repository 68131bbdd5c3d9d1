"""`set-property UNIT KEY=VALUE`: which keys an owner may set by hand, and how values are written.

`KEY=` takes the default back. `env.NAME` and `rlimits.NAME` set one entry. What a plan's ceiling
and edges are made of (user, kind, needs, files ...) changes by a plan only.
"""

from __future__ import annotations

from enve_pm.core.unit import UnitError, UnitSpec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

INTEGERS = frozenset(
    [
        "umask",
        "nice",
        "restart_max",
        "start_timeout",
        "stop_timeout",
        "check_every",
        "log_size",
        "log_keep",
    ]
)
WORDS = frozenset(["restart", "stop_signal", "cwd"])
TABLES = frozenset(["env", "rlimits"])
SETTABLE = tuple(sorted(INTEGERS | WORDS)) + ("env.NAME", "rlimits.NAME")


def with_property(spec: UnitSpec, assignment: str) -> UnitSpec:
    """The spec with `KEY=VALUE` put in, checked like a line; UnitError says what is wrong."""
    key, equals, value = assignment.partition("=")
    if not equals:
        raise UnitError(key or "property", "KEY=VALUE", assignment)
    table, dot, name = key.partition(".")
    line: dict[str, Any] = dict(spec.raw)
    if dot and table in TABLES:
        line[table] = {**line.get(table, {}), name: _value(key, table == "rlimits", value)}
        if not value:
            del line[table][name]
    elif key in INTEGERS or key in WORDS:
        line[key] = _value(key, key in INTEGERS, value)
        if not value:
            del line[key]
    else:
        raise UnitError(key, "one of " + " ".join(SETTABLE), key)
    return UnitSpec.parse(line)


def _value(key: str, number: bool, value: str) -> Any:
    if not number or not value:
        return value
    base = 8 if key == "umask" else 10
    try:
        if len(value) > 20 or not value.isascii() or not value.lstrip("-").isalnum():
            raise ValueError
        return int(value, base)
    except ValueError:
        kind = "an octal number" if base == 8 else "a number"
        raise UnitError(key, kind, value) from None
