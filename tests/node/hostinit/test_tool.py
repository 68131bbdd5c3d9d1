"""The system's tools, as they are run for deploy."""

from __future__ import annotations

from pathlib import Path

import pytest

from enve_pm.hostinit.problem import tool


@pytest.mark.parametrize(
    ("mode", "status", "told"), [(0o644, 126, "no right to run"), (0, 127, "there is no")]
)
def test_one_that_cannot_be_run_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: int, status: int, told: str
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    if mode:
        (tmp_path / "cygrunsrv").write_text("")
        (tmp_path / "cygrunsrv").chmod(mode)
    assert tool(["cygrunsrv", "--query", "x"]) == (status, f"{told} cygrunsrv")
