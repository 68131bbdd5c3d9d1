"""A folder held open: no step from it leads out."""

from __future__ import annotations

from pathlib import Path

import pytest

from enve_pm.shell.state.folder import Folder


@pytest.mark.parametrize("make", [False, True])
@pytest.mark.parametrize("steps", [["a", "..", ".."], [".."], ["."], ["a", "."], [""], ["link"]])
def test_no_step_leads_elsewhere(tmp_path: Path, steps: list[str], *, make: bool) -> None:
    inner = tmp_path / "inner"
    (inner / "a").mkdir(parents=True)
    (inner / "link").symlink_to("a")
    with Folder.open(str(inner)) as folder:
        with pytest.raises(OSError), folder.reach(steps, make):
            pass
        with folder.reach(["a", "b"]) as made:
            assert made.names() == []


def test_a_deep_tree_is_removed(tmp_path: Path) -> None:
    (tmp_path / "a/b/c").mkdir(parents=True)
    (tmp_path / "a/b/x").touch()
    with Folder.open(str(tmp_path)) as folder:
        folder.remove("a")
        assert folder.names() == []
