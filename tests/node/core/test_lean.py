"""Our named tuples are those of `collections`, as far as anybody asks."""

from __future__ import annotations

import collections
import copy
from typing import Any

import pytest

from enve_pm.core import lean

BOTH = [
    (make("Point", "x new cls"), make("Point", "x new cls", defaults=(7, 8)))
    for make in (collections.namedtuple, lean.namedtuple)
]


@pytest.mark.parametrize(("plain", "eased"), BOTH)
def test_made_read_and_changed(plain: Any, eased: Any) -> None:
    one = plain(1, new=2, cls=3)
    assert one == (1, 2, 3) and (one.x, one.new, one.cls) == one
    assert eased(1) == eased(x=1) == (1, 7, 8)
    assert repr(one) == "Point(x=1, new=2, cls=3)"
    assert type(one._replace(new=5)) is plain and one._replace(new=5) == (1, 5, 3)
    assert one._asdict() == {"x": 1, "new": 2, "cls": 3}
    assert plain._make([4, 5, 6]) == (4, 5, 6) and plain._fields == ("x", "new", "cls")
    assert copy.deepcopy(one) == one and type(copy.copy(one)) is plain


@pytest.mark.parametrize(("plain", "eased"), BOTH)
def test_what_does_not_fit_is_refused(plain: Any, eased: Any) -> None:
    for wrong in (lambda: plain(1, 2), eased, lambda: plain(1, 2, 3, 4)):
        with pytest.raises(TypeError):
            wrong()
    with pytest.raises(ValueError, match="y"):
        plain(1, 2, 3)._replace(y=1)
    with pytest.raises(AttributeError):
        plain(1, 2, 3).x = 4


def test_one_that_has_more_to_say_is_of_its_own_kind() -> None:
    class Long(lean.namedtuple("Long", ["a", "b"])):
        def both(self) -> int:
            return int(self.a + self.b)

    assert Long(1, 2)._replace(a=5).both() == 7
