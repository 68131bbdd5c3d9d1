"""kill -9 at each change of the disk: what a mark says is so, and the next install is right."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support import cutoff

from enve_fire.app.verify import verify
from enve_fire.core.digest import hash_of
from enve_fire.core.product import Product
from enve_fire.core.trouble import Trouble
from enve_fire.stage import marks
from enve_fire.stage.context import Context
from enve_fire.stage.install import install, versions
from enve_fire.stage.install.laid import Artifact
from enve_fire.stage.install.place import Place
from enve_fire.store.store import Store
from enve_fire.tree.digest import tree_hash
from enve_fire.tree.listing import compare, listing

STORE = Store.of({"ENVE_STORE": "/nowhere"})
CTX = Context(STORE, None, lambda _: None, 1, ("Linux", "x86_64", "glibc 2.36"))


def product(title: str, version: str) -> Product:
    prefix = f"/opt/{title}"
    table = {"enve": 1, "title": title, "version": version, "prefix": prefix}
    return Product("x", "git:1", {**table, "build": {"run": ["x"]}, "install": {"keep": 1}})


def artifact(folder: Path, name: str, *paths: str) -> Artifact:
    for path in paths:
        (folder / name / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / name / path).write_text(name + path)
    return Artifact(str(folder / name), hash_of("b", [name, *paths]))


def sound(place: Place, found: Product) -> str:
    """The hash of its mark, which must say the truth."""
    path = place.installed(found.table)
    hash_ = marks.read_hash(path)
    if hash_:
        assert compare(marks.read_body(path)["files"], place.root) == []
    return hash_


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def places(folder: Path) -> set[str]:
    """As `verify` finds them."""
    try:
        return {one["root"] for one in verify([str(folder)], {}, True, False)}
    except Trouble:
        return set()


def plain(root: str) -> list[object]:
    """What is there, but for the contents of marks, which say when it was made."""
    return [row[0] if row[0].startswith(".enve/") else row for row in listing(root)]


@pytest.fixture
def memory() -> Iterator[Path]:
    """A folder on no disk, where nothing waits for one."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        yield Path(folder)


def test_a_place_of_its_own(memory: Path) -> None:
    app = product("app", "1")
    one = artifact(memory, "one", "opt/app/bin/x", "opt/app/old")
    two = artifact(memory, "two", "opt/app/bin/x", "opt/app/new")
    start, work = memory / "start", memory / "work"
    old = install.install(app, one, Place(f"{start}/app-1", "w"), CTX)
    place = Place(f"{work}/app-1", "w")
    new = install.hash_of(app, two, "w", CTX)
    seen = set()
    for _ in cutoff.every(
        lambda: install.install(app, two, place, CTX), lambda: _again(start, work)
    ):
        seen.add(sound(place, app))
        assert places(work) <= {place.root}
        assert install.install(app, two, place, CTX) == new == sound(place, app)
        if names(work) != ["app-1"]:  # a no-op has no eye for what is left beside
            Path(place.installed(app.table)).unlink()
            install.install(app, two, place, CTX)
        assert names(work) == ["app-1"]
        assert tree_hash(place.root) == tree_hash(two.path)
    assert seen == {old, new, ""}


def _again(start: Path, work: Path) -> None:
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(start, work, symlinks=True)


def test_a_root_that_others_share(memory: Path) -> None:
    app, other = product("app", "1"), product("other", "1")
    one = artifact(memory, "one", "opt/app/bin/x", "opt/app/old/x", "etc/app")
    two = artifact(memory, "two", "opt/app/bin/x", "opt/app/new", "etc/app/x")
    its = artifact(memory, "its", "opt/other/x", "etc/other")
    start, work = memory / "start", memory / "work"
    before = Place(str(start), "w", shared=True)
    install.install(app, one, before, CTX)
    install.install(other, its, before, CTX)
    fresh = Place(str(memory / "fresh"), "w", shared=True)
    install.install(other, its, fresh, CTX)
    new = install.install(app, two, fresh, CTX)
    place = Place(str(work), "w", shared=True)
    for _ in cutoff.every(
        lambda: install.install(app, two, place, CTX), lambda: _again(start, work)
    ):
        sound(place, app)
        assert sound(place, other)
        assert install.install(app, two, place, CTX) == new == sound(place, app)
        assert sound(place, other)
        assert _settled(place) == plain(fresh.root)


@pytest.mark.nightly
@pytest.mark.real
def test_a_root_on_two_disks(memory: Path) -> None:
    app = product("app", "1")
    one = artifact(memory, "one", "opt/app/bin/x", "opt/app/old/x", "etc/app")
    two = artifact(memory, "two", "opt/app/bin/x", "opt/app/new/x", "etc/app")
    start, work = memory / "start", memory / "work"
    install.install(app, one, Place(str(start), "w", shared=True), CTX)
    fresh = Place(str(memory / "fresh"), "w", shared=True)
    new = install.install(app, two, fresh, CTX)
    place, disk = Place(str(work), "w", shared=True), work / "opt"
    disk.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "second", disk], check=True)
    try:
        for _ in cutoff.every(
            lambda: install.install(app, two, place, CTX), lambda: _refilled(start, work, disk)
        ):
            sound(place, app)
            assert install.install(app, two, place, CTX) == new == sound(place, app)
            assert _settled(place) == plain(fresh.root)
    finally:
        subprocess.run(["umount", disk], check=True)


def _refilled(start: Path, work: Path, disk: Path) -> None:
    for path in [*work.iterdir(), *disk.iterdir()]:
        if path != disk:
            shutil.rmtree(path)
    shutil.copytree(start, work, symlinks=True, dirs_exist_ok=True)


def _settled(place: Place) -> list[object]:
    """Without what is left where only the tidying up was cut off."""
    rest = (".enve/installs/.tmp", ".enve/installs/app-1.begun")
    return [row for row in plain(place.root) if not str(row).startswith(rest)]


def test_old_versions_that_go(memory: Path) -> None:
    start, work = memory / "start", memory / "work"
    for version in ("1", "2"):
        app = product("app", version)
        built = artifact(memory, version, "opt/app/bin/x", "opt/app/y")
        install.install(app, built, Place(f"{start}/app-{version}", "w"), CTX)
    place = Place(f"{work}/app-2", "w")
    for _ in cutoff.every(lambda: versions.prune(place, app.table), lambda: _again(start, work)):
        assert sound(place, app)
        sound(Place(f"{work}/app-1", "w"), app)
        assert places(work) <= {f"{work}/app-1", place.root}
        versions.prune(place, app.table)
        assert versions.beside(place, app.table) == ["app-2"]
