"""Which Python runs a program of pm."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from enve_pm.shell.guard import program


@pytest.fixture
def place(tmp_path: Path) -> Path:
    made = tmp_path / "lib/0a"
    (made / "enve_pm").mkdir(parents=True)
    return made


def python(tmp_path: Path, name: str, mode: int = 0o755) -> str:
    (tmp_path / name).touch(mode)
    return str(tmp_path / name)


def test_ours_then_deploy_s_then_any(
    tmp_path: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who follows us takes that of deploy first."""
    ours, other, any_ = (python(tmp_path, name) for name in ("ours", "other", "any"))
    monkeypatch.setattr(program, "PYTHONS", (str(tmp_path / "none"), any_))
    monkeypatch.setattr(sys, "executable", ours)

    def chosen() -> tuple[str, str]:
        return program.argv(str(place))[0], program.successor(str(place))[0]

    assert chosen() == (ours, ours)
    for bad in ("", "relative\n", "/none\n", "\n\n"):
        (tmp_path / "lib/python").write_text(bad)
        assert chosen() == (ours, ours)
    (tmp_path / "lib/python").write_text(f"{other}\n/real\n")
    assert chosen() == (ours, other)
    Path(ours).unlink()
    assert chosen() == (other, other)
    assert program.still([ours, "-I"]) == [any_, "-I"]  # our own place has no word of deploy
    Path(other).chmod(0o644)
    assert chosen() == (any_, any_)
    Path(any_).unlink()
    assert chosen() == (ours, ours)  # whose error says what is missing


def test_a_program_elsewhere_asks_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "python").write_text(python(tmp_path, "other") + "\n")
    monkeypatch.setattr(sys, "executable", python(tmp_path, "ours"))
    assert program.successor(str(tmp_path / "0a"))[0] == str(tmp_path / "ours")
    assert program.still(["false", "x"]) == ["false", "x"]


def test_one_that_may_be_too_old_is_the_last() -> None:
    named = [path.rpartition("/")[2] for path in program.PYTHONS]
    assert named[:2] == ["python3.13"] * 2
    assert named[-3:] == ["python3.8", "python3", "python3"]
