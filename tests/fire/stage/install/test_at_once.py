"""Several processes install into one place at once: each ends well, what lies there is whole."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from enve_fire.core.digest import hash_of
from enve_fire.core.product import Product
from enve_fire.stage import marks
from enve_fire.stage.context import Context
from enve_fire.stage.install import install
from enve_fire.stage.install.beside import Beside
from enve_fire.stage.install.laid import Artifact
from enve_fire.stage.install.place import Place
from enve_fire.store.store import Store
from enve_fire.tree.digest import tree_hash
from enve_fire.tree.listing import compare

STORE = Store.of({"ENVE_STORE": "/nowhere"})
CTX = Context(STORE, None, lambda _: None, 1, ("Linux", "x86_64", "glibc 2.36"))
TABLE = {"enve": 1, "title": "app", "version": "1", "prefix": "/opt/app", "build": {"run": ["x"]}}
PRODUCT = Product("x", "git:1", TABLE)
FILES = 100
DEADLINE = 60  # seconds


def artifact(folder: Path, content: str) -> Artifact:
    for number in range(FILES):
        path = folder / f"opt/app/{number % 10}/{number}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return Artifact(str(folder), hash_of("b", content))


def at_once(*works: Callable[[], object]) -> None:
    """Each in a process of its own; none begins before all are there."""
    ready, go = os.pipe()
    pids = [_begun(work, ready, go) for work in works]
    os.close(ready)
    os.close(go)
    assert [os.waitpid(pid, 0)[1] for pid in pids] == [0] * len(works)


def _begun(work: Callable[[], object], ready: int, go: int) -> int:
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        signal.alarm(DEADLINE)
        os.close(go)
        os.read(ready, 1)  # ends when nobody can write any more
        work()
        status = 0
    finally:
        os._exit(status)


@pytest.mark.parametrize("shared", [False, True])
def test_of_one_build_it_is_laid_once(tmp_path: Path, shared: bool) -> None:
    built = artifact(tmp_path / "a", "one")
    place = Place(str(tmp_path / "spots/app-1"), "web", shared)
    hash_ = install.hash_of(PRODUCT, built, "web", CTX)

    def work(number: int) -> None:
        assert install.install(PRODUCT, built, place, CTX) == hash_
        mark = place.installed(TABLE)
        assert marks.read_hash(mark) == hash_
        assert compare(marks.read_body(mark)["files"], place.root) == []
        (tmp_path / f"seen{number}").write_text(str(Path(mark).stat().st_ino))

    at_once(*(lambda number=number: work(number) for number in range(4)))
    assert len({path.read_text() for path in tmp_path.glob("seen*")}) == 1
    assert [path.name for path in (tmp_path / "spots").iterdir()] == ["app-1"]


def test_nobody_waits_while_what_was_replaced_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, free = Place(str(tmp_path / "spots/app-1"), "web"), []
    remove = Beside.remove

    def watched(self: Beside, path: str) -> None:
        free.append((".off." in path, (tmp_path / "spots/.app-1.lock").exists()))
        remove(self, path)

    monkeypatch.setattr(Beside, "remove", watched)
    for content in ("one", "two"):
        install.install(PRODUCT, artifact(tmp_path / content, content), place, CTX)
    assert sorted(free) == [(False, False), (False, False), (True, False)]
    assert [path.name for path in (tmp_path / "spots").iterdir()] == ["app-1"]


@pytest.mark.parametrize("shared", [False, True])
def test_of_two_builds_the_last_one_lies_there_whole(tmp_path: Path, shared: bool) -> None:
    builds = [artifact(tmp_path / content, content) for content in ("one", "two")]
    place = Place(str(tmp_path / "spots/app-1"), "web", shared)
    at_once(
        *(lambda one=one: install.install(PRODUCT, one, place, CTX) for one in [*builds, *builds])
    )
    hashes = [install.hash_of(PRODUCT, one, "web", CTX) for one in builds]
    mark = place.installed(TABLE)
    found = builds[hashes.index(marks.read_hash(mark))]
    assert compare(marks.read_body(mark)["files"], place.root) == []
    assert tree_hash(place.root) == tree_hash(found.path)
    assert [path.name for path in (tmp_path / "spots").iterdir()] == ["app-1"]
