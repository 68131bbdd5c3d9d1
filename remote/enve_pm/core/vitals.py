"""What a unit's line says of its checks while it runs: how often, how long, how many failures."""

from __future__ import annotations

from enve_pm.core.target import KEYS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from enve_pm.core.unit import UnitSpec

COMMAND = "command"
EVERY, TIMEOUT, FAILURES = 10_000, 3_000, 3
RESTART, REPORT = "restart", "report"
# Ways of readiness that are asked for, again and again.
ASKED = ("check", *KEYS)


def pace(spec: UnitSpec) -> int:
    """ms between two checks of what is up; 0: none."""
    if spec.checked:
        return spec.check_every
    return int(spec.health.get("every", EVERY)) if spec.health else 0


def limit(spec: UnitSpec) -> int:
    """ms that such a check may take."""
    return spec.start_timeout if spec.checked else int(spec.health.get("timeout", TIMEOUT))


def failures(spec: UnitSpec) -> int:
    """How many in a row count."""
    return int(spec.health.get("failures", FAILURES))


def describe(body: Mapping[str, Any]) -> str:
    """`tcp 127.0.0.1:80`; "" of a command, which has no short name."""
    key = KEYS.get(body.get("how", ""), "")
    return f"{body['how']} {body[key]}" if key else ""


def words(spec: UnitSpec, said: str, code: str, late: bool) -> str:
    """What is wrong, for a result: `tcp 127.0.0.1:80: connection refused`, `exit:1`, `timeout`."""
    what = describe(spec.health)
    reason = "timeout" if late else said or code
    return f"{what}: {reason}" if what else reason
