"""The way to a system install is open to the users that live in it."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from enve_pm.hostinit import files
from enve_pm.hostinit.problem import Problem


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that others can enter, and a umask that keeps them out of what is made."""
    before = os.umask(0o77)
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)
    os.umask(before)


def test_what_is_missing_is_made_with_its_mode(place: Path) -> None:
    files.parents(f"{place}/a/b/c", 0o755)
    assert [stat.S_IMODE((place / path).stat().st_mode) for path in ("a", "a/b")] == [0o755] * 2
    assert not (place / "a/b/c").exists()


def test_a_folder_that_keeps_others_out_is_named(place: Path) -> None:
    (place / "closed").mkdir(mode=0o700)
    with pytest.raises(Problem, match=f"{place}/closed keeps other users out") as caught:
        files.enterable(f"{place}/closed/pm")
    assert "chmod o+x" in caught.value.hint
    files.enterable(f"{place}/open")
