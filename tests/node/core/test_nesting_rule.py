"""R cannot follow U (memo, "pm sub")."""

from __future__ import annotations

from itertools import product

import pytest

from enve_pm.core import nesting


@pytest.mark.parametrize("chain", ["R", "U", "RU", "RRU", "RRRR", "UUUU", "RRUU", ""])
def test_good(chain: str) -> None:
    nesting.check(chain)


@pytest.mark.parametrize("chain", ["UR", "RUR", "RURR", "URRR"])
def test_refused_with_the_rule_named(chain: str) -> None:
    with pytest.raises(nesting.NestingError, match="R cannot follow U"):
        nesting.check(chain)


def test_all_chains_up_to_six() -> None:
    for length in range(7):
        for chain in product("RU", repeat=length):
            good = "UR" not in "".join(chain)
            try:
                nesting.check(chain)
            except nesting.NestingError:
                assert not good
            else:
                assert good


def test_letters() -> None:
    assert [nesting.letter(mode) for mode in ("root", "user")] == ["R", "U"]
    with pytest.raises(nesting.NestingError, match="wanted mode root or user, found 'jail'"):
        nesting.letter("jail")
    with pytest.raises(nesting.NestingError, match="found 'X' at 1"):
        nesting.check("RX")
