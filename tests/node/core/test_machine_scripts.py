"""Every row of the machine's design, as a script: see tests/support/pmscript.py."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.pmscript import Script

SCRIPTS = sorted((Path(__file__).parents[2] / "cases" / "machine").glob("*.txt"))


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_script(path: Path) -> None:
    Script().run(path.read_text())


def test_all_scripts_are_found() -> None:
    assert len(SCRIPTS) >= 20
