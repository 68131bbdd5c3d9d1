"""How the words of a command look one pm further down."""

from __future__ import annotations

import pytest

from enve_pm.core.address import AddressError
from enve_pm.resource.relay import downward


@pytest.mark.parametrize(
    ("verb", "args", "name", "below"),
    [
        ("start", ["pm1.web"], "pm1", ["web"]),
        ("stop", ["--with-dependents", "pm1.pm2.web"], "pm1", ["--with-dependents", "pm2.web"]),
        ("stop", ["pm1.[a.b]", "pm1.c"], "pm1", ["[a.b]", "c"]),
        ("set-property", ["pm1.web", "env.A=x.y"], "pm1", ["web", "env.A=x.y"]),
    ],
)
def test_downward(verb: str, args: list[str], name: str, below: list[str]) -> None:
    assert downward(verb, args) == (name, below)


@pytest.mark.parametrize("args", [["web"], ["pm1.web", "pm2.web"], ["pm1.web", "web"], ["a..b"]])
def test_not_of_one_pm(args: list[str]) -> None:
    with pytest.raises(AddressError):
        downward("start", args)
