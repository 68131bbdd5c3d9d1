"""A copy of what was fetched, in a folder that is another user's: he leads it nowhere."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.forked import as_user

from enve_fire.tree import copy
from enve_fire.verb import placing

HIM = "games"


@pytest.fixture
def passable() -> Iterator[Path]:
    """A folder that everybody may go through."""
    folder = Path(tempfile.mkdtemp(prefix="enve-placing-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def fetched(folder: Path) -> Path:
    (folder / "fetched/sub").mkdir(parents=True)
    (folder / "fetched/sub/x").write_text("x")
    (folder / "fetched/link").symlink_to("sub/x")
    (folder / "fetched/sub/x").chmod(0o444)
    (folder / "fetched/sub").chmod(0o555)
    return folder / "fetched"


@pytest.mark.real
@pytest.mark.skipif(os.geteuid() != 0, reason="acts as two users")
def test_root_changes_nothing_behind_his_link(
    passable: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, victim, source = passable / "home", passable / "victim", fetched(passable)
    home.mkdir()
    shutil.chown(home, HIM)
    victim.mkdir()
    (victim / "sub").mkdir(0o500)
    real = copy.copy

    def bent(*words: Any) -> str:
        how = real(*words)
        as_user(HIM, lambda: _bend(home, victim))
        return how

    monkeypatch.setattr(copy, "copy", bent)
    placing.folder(str(source), f"{home}/out")
    assert (victim / "sub").stat().st_mode & 0o777 == 0o500
    assert (home / "out/sub/x").read_text() == "x"


def _bend(home: Path, victim: Path) -> None:
    (part,) = home.glob(".enve-*")
    part.rename(home / "away")
    part.symlink_to(victim)


def test_its_user_may_write_in_it(tmp_path: Path) -> None:
    target = tmp_path / "there/out"
    assert placing.folder(str(fetched(tmp_path)), str(target)) == str(target)
    assert (target / "sub").stat().st_mode & 0o777 == 0o755
    assert (target / "sub/x").stat().st_mode & 0o777 == 0o644
    assert (target / "link").read_text() == "x"
    file = tmp_path / "fetched/sub/x"
    assert placing.file(str(file), str(target)) == f"{target}/x"
    assert (target / "x").read_text() == "x"
    assert sorted(path.name for path in target.parent.iterdir()) == ["out"]
    assert sorted(path.name for path in target.iterdir()) == ["link", "sub", "x"]
