"""The table is whole, and the page made from it is current."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.pmscript import spec

from enve_pm.core import diagram, states, transitions
from enve_pm.core.board import Board

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "states.md"


def test_every_cell_is_decided() -> None:
    assert list(transitions.TABLE) == list(states.STATES)
    for state, row in transitions.TABLE.items():
        assert set(row) == set(transitions.EVENTS), state
        for event, cell in row.items():
            assert cell is transitions.NEVER or cell.to, (state, event)
            assert set(cell.to) <= set(states.STATES)


def test_every_state_can_be_reached_and_left() -> None:
    for state in states.STATES:
        others = [s for s in states.STATES if s != state]
        assert any(state in c.to for s in others for c in transitions.TABLE[s].values())
        assert any(set(c.to) - {state} for c in transitions.TABLE[state].values())


def test_the_page_is_current() -> None:
    assert PAGE.read_text() == diagram.page(), "write it anew: see its first lines"


def test_what_must_not_happen_raises() -> None:
    board = Board()
    unit = board.add("web", spec("web"))
    for event, cell in transitions.TABLE[states.STOPPED].items():
        if cell is transitions.NEVER:
            with pytest.raises(transitions.Impossible, match="STOPPED"):
                transitions.fire(board, unit, event)


def test_a_state_that_the_cell_does_not_list_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    board = Board()
    unit = board.add("web", spec("web"))
    cell = transitions.Cell(lambda b, u, _: b.enter(u, states.FAIL), (states.STOPPED,))
    monkeypatch.setitem(transitions.TABLE[states.STOPPED], "go", cell)
    with pytest.raises(transitions.Impossible, match="go led from STOPPED to FAIL"):
        transitions.fire(board, unit, "go")
