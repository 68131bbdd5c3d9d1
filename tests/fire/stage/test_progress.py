"""What takes long tells how far it is, whatever it is; what is quick says nothing of that kind."""

from __future__ import annotations

import re
import tarfile
from pathlib import Path

import pytest

from enve_fire.core.product import Product
from enve_fire.core.url import parse
from enve_fire.fetch.fetch import fetch
from enve_fire.fetch.how import How
from enve_fire.stage.chain import Chain
from enve_fire.stage.context import Context
from enve_fire.store.store import Store
from enve_fire.tree import pace

TABLE = {"enve": 1, "title": "greet", "prefix": "/opt/greet"}


class Desk:
    def __init__(self, path: Path) -> None:
        self.told: list[str] = []
        self.store = Store.of({"ENVE_STORE": str(path / "store")})
        self.how = How(report=self.told.append, strip=0)
        self.ctx = Context(self.store, self.how, self.told.append, 1, ("Linux", "x", ""))
        self.folder = path / "work"
        self.folder.mkdir()
        (self.folder / "data").write_bytes(b"x" * (3 << 20))

    def said(self, what: str) -> bool:
        line = re.compile(re.escape(what) + r": \d+ s, .* MiB")
        return any(map(line.fullmatch, self.told))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if all took long."""
    monkeypatch.setattr(pace, "PATIENCE", 0.0)
    monkeypatch.setattr(pace, "EVERY", 0.0)


@pytest.mark.usefixtures("slow")
def test_a_large_folder_is_hashed_and_installed(desk: Desk) -> None:
    Chain(Product(str(desk.folder), "", TABLE), desk.ctx).installed()
    assert desk.said(f"hash of {desk.folder}")
    assert desk.said("install of greet")


@pytest.mark.usefixtures("slow")
def test_a_large_folder_is_copied_to_be_built(desk: Desk) -> None:
    build = {"run": ["mkdir -p $OUT$PREFIX; cp data $OUT$PREFIX"], "sandbox": "none"}
    found = Chain(Product(str(desk.folder), "", {**TABLE, "build": build}), desk.ctx).built()
    assert desk.said(f"copy of {desk.folder}")
    assert desk.said(f"hash of {found.name}")


@pytest.mark.usefixtures("slow")
def test_a_large_archive_is_hashed_and_unpacked(desk: Desk, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "x.tar.gz", "w:gz") as tar:
        tar.add(desk.folder / "data", "data")
    fetch(parse(str(tmp_path / "x.tar.gz")), desk.store, desk.how)
    assert desk.said(f"hash of {tmp_path}/x.tar.gz")
    assert desk.said(f"unpacking file://{tmp_path}/x.tar.gz")


def test_what_is_quick_only_says_what_is_made(desk: Desk) -> None:
    Chain(Product(str(desk.folder), "", TABLE), desk.ctx).installed()
    assert desk.told
    assert all(line.startswith("making ") for line in desk.told)


def test_a_word_is_due_after_two_seconds_and_then_every_ten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [100.0]
    monkeypatch.setattr(pace.time, "monotonic", lambda: now[0])
    found = pace.Pace()
    due = []
    for second in range(25):
        now[0] = 100.0 + second
        if found.is_due():
            due.append(found.seconds)
    assert due == [2, 12, 22]
    assert found.left() == 8.0
