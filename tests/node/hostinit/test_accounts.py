"""Making the group and the user, though somebody else makes them at the same moment."""

from __future__ import annotations

import pytest

from enve_pm.hostinit import accounts
from enve_pm.hostinit.problem import Problem

TAKEN = (("false", "name"),)


def test_who_comes_second_finds_it_made() -> None:
    accounts._run(TAKEN, lambda: True)


def test_what_is_not_there_afterwards_has_failed() -> None:
    with pytest.raises(Problem, match=r"false name failed \(1\)"):
        accounts._run(TAKEN, lambda: False)
