"""Install: an artifact laid into a place, as a whole or among others."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from enve_fire.core import profileshape
from enve_fire.core.digest import hash_of
from enve_fire.core.product import Product
from enve_fire.core.trouble import BUSY, INPUT, INSTALL, Trouble
from enve_fire.stage import marks
from enve_fire.stage.context import Context
from enve_fire.stage.install import install, manifest, merge, versions
from enve_fire.stage.install.laid import Artifact
from enve_fire.stage.install.place import Place
from enve_fire.stage.verify import drift
from enve_fire.store.store import Store
from enve_fire.tree import listfile
from enve_fire.tree.digest import tree_hash
from enve_fire.tree.listing import compare, listing
from enve_fire.unit import runtime

STORE = Store.of({"ENVE_STORE": "/nowhere"})
CTX = Context(STORE, None, lambda _: None, 1, ("Linux", "x86_64", "glibc 2.36"))
ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")


def table(title: str, version: str = "1", *, bare: bool = False, **section: Any) -> dict[str, Any]:
    found: dict[str, Any] = {
        "enve": 1,
        "title": title,
        "version": version,
        "prefix": f"/opt/{title}",
    }
    if not bare:
        found["build"] = {"run": ["make"]}
    if section:
        found["install"] = section
    profileshape.check(found)
    return found


def artifact(folder: Path, files: dict[str, str]) -> Artifact:
    """What a build has left; the hash is of what it holds."""
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(content)
        if "bin/" in path:
            (folder / path).chmod(0o755)
    return Artifact(str(folder), hash_of("b", files))


def lua(folder: Path, version: str = "1", **section: Any) -> tuple[Product, Artifact]:
    files = {"opt/lua/bin/lua": f"#!/bin/sh\necho {version}\n", f"opt/lua/share/v{version}": "x"}
    return Product("x", "git:1", table("lua", version, **section)), artifact(folder, files)


def other(folder: Path) -> tuple[Product, Artifact]:
    files = {"opt/other/bin/other": "#!/bin/sh\n", "opt/other/README": "other"}
    return Product("y", "git:2", table("other")), artifact(folder, files)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(str(tmp_path / "spots" / "web" / "lua-1"), "web")


@pytest.fixture
def shared(tmp_path: Path) -> Place:
    return Place(str(tmp_path / "root"), "root", shared=True)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# -- a place of its own ---------------------------------------------------------------------------
def test_an_artifact_is_laid_below_the_root(tmp_path: Path, place: Place) -> None:
    product, built = lua(tmp_path / "a")
    hash_ = install.install(product, built, place, CTX)
    assert marks.read_hash(place.installed(product.table)) == hash_
    assert tree_hash(place.root) == tree_hash(built.path)
    program = Path(place.prefix(product.table)) / "bin" / "lua"
    assert program.stat().st_mode & 0o7777 == 0o555
    assert program.parent.stat().st_mode & 0o7777 == 0o755
    body = marks.read_body(place.installed(product.table))
    assert compare(body["files"], place.root) == []
    assert (body["title"], body["version"]) == ("lua", "1")
    assert Path(place.deps(product.table)).read_text() == ""
    assert names(tmp_path / "spots" / "web") == ["lua-1"]


def test_a_source_that_is_not_built_lies_at_the_prefix(tmp_path: Path, place: Place) -> None:
    source = artifact(
        tmp_path / "src", {"main.py": "print()", "lib/x.py": "", ".enveignore": "t\n"}
    )
    (tmp_path / "src" / ".git").mkdir()
    (tmp_path / "src" / "t").touch()
    hash_ = tree_hash(source.path)
    product = Product(source.path, hash_, table("lua", bare=True))
    install.install(product, source, place, CTX)
    assert names(Path(place.prefix(product.table))) == ["lib", "main.py"]
    body = marks.read_body(place.installed(product.table))
    paths = [row[0] for row in body["files"]]
    assert paths == ["opt", *(f"opt/lua{end}" for end in ("", "/lib", "/lib/x.py", "/main.py"))]
    assert compare(body["files"], place.root) == []
    (tmp_path / "src" / "main.py").write_text("print(1)")
    with pytest.raises(Trouble) as found:
        install.install(product, source, Place(place.root + "-new", "web"), CTX)
    assert found.value.code == BUSY


def test_nothing_is_done_where_the_mark_is_valid(
    tmp_path: Path, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    product, built = lua(tmp_path / "a")
    hash_ = install.install(product, built, place, CTX)
    monkeypatch.setattr(install, "_Install", None)  # whoever installs fails
    assert install.install(product, built, place, CTX) == hash_
    none = Product("x", "git:1", table("lua", mode="none"))
    assert install.install(none, built, Place("/no/such", "web"), CTX)


def test_a_new_one_replaces_all_of_the_old(tmp_path: Path, place: Place) -> None:
    old, one = lua(tmp_path / "a")
    new, two = lua(tmp_path / "b", "2")
    install.install(old, one, place, CTX)
    install.install(new, two, place, CTX)
    assert tree_hash(place.root) == tree_hash(two.path)
    assert names(Path(place.root).parent) == ["lua-1"]


@pytest.mark.parametrize("kind", ["folder", "file", "link", "settled"])
def test_nothing_is_replaced_that_no_install_has_made(
    tmp_path: Path, place: Place, kind: str
) -> None:
    root = Path(place.root)
    root.parent.mkdir(parents=True)
    match kind:
        case "folder":
            root.mkdir()
            (root / "mine").touch()
        case "file":
            root.touch()
        case "link":
            root.symlink_to(tmp_path)
        case _:
            (root / ".enve").mkdir(parents=True)
            (root / ".enve" / "root").touch()
    product, built = lua(tmp_path / "a")
    with pytest.raises(Trouble) as found:
        install.install(product, built, place, CTX)
    assert found.value.code == INSTALL
    assert "no install has made it" in str(found.value)
    assert names(root.parent) == ["lua-1"]
    assert kind != "folder" or (root / "mine").exists()


def test_an_entry_of_a_store_shares_files_with_the_artifact(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("enve_fire.tree.files.clone", lambda *_: False)
    product, built = lua(tmp_path / "a")
    program = tmp_path / "a" / "opt" / "lua" / "bin" / "lua"
    program.chmod(0o555)
    out = tmp_path / "out"
    out.mkdir()
    hash_ = install.fill(product, built, str(out), CTX)
    assert (out / "opt" / "lua" / "bin" / "lua").samefile(program)
    place = Place(str(out), install.STORED)
    assert marks.read_hash(place.installed(product.table)) == hash_
    assert marks.read_body(place.installed(product.table))["how"] == "hardlink"


def test_what_an_artifact_holds_is_hashed_when_it_is_made(
    tmp_path: Path, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    product, built = lua(tmp_path / "a")
    install.install(product, built, place, CTX)
    (tmp_path / "a.sums").write_bytes(listfile.dumps(listing(str(tmp_path / "a"))))
    built = built._replace(sums=str(tmp_path / "a.sums"))
    monkeypatch.setattr("enve_fire.stage.install.laid.listing", None)  # whoever hashes fails
    again = Place(place.root + "-again", "web")
    install.install(product, built, again, CTX)
    first, second = (marks.read_body(one.installed(product.table)) for one in (place, again))
    assert first["files"] == second["files"]


# -- whose, and what it may -----------------------------------------------------------------------
def test_only_what_is_listed_is_setuid(tmp_path: Path, place: Place) -> None:
    product, built = lua(tmp_path / "a", setuid=["/opt/lua/bin/lua", "bin/second"])
    for name, mode in (("second", 0o2755), ("third", 0o6755)):
        file = tmp_path / "a" / "opt" / "lua" / "bin" / name
        file.write_text("#!/bin/sh\n")
        file.chmod(mode)
    install.install(product, built, place, CTX)
    found = Path(place.prefix(product.table)) / "bin"
    modes = {path.name: path.stat().st_mode & 0o7777 for path in found.iterdir()}
    assert modes == {"lua": 0o4555, "second": 0o2555, "third": 0o555}
    body = marks.read_body(place.installed(product.table))
    assert compare(body["files"], place.root) == []


def test_nobody_but_their_owner_writes_in_folders(tmp_path: Path, place: Place) -> None:
    """Else he would put other programs into them."""
    product, built = lua(tmp_path / "a")
    for name, mode in (("bin", 0o777), ("spool", 0o1777)):
        folder = tmp_path / "a" / "opt" / "lua" / name
        folder.mkdir(exist_ok=True)
        folder.chmod(mode)
    install.install(product, built, place, CTX)
    found = Path(place.prefix(product.table))
    modes = [(found / name).stat().st_mode & 0o7777 for name in ("bin", "spool")]
    assert modes == [0o755, 0o1777]
    body = marks.read_body(place.installed(product.table))
    assert compare(body["files"], place.root) == []


@pytest.mark.parametrize("end", ["deps", "env", "begun", "new"])
def test_no_product_is_called_as_what_lies_beside_anothers_mark(
    tmp_path: Path, shared: Place, end: str
) -> None:
    """`lua-1.env` is read by the shell of who runs lua-1."""
    product, built = lua(tmp_path / "a", "1." + end)
    with pytest.raises(Trouble, match=f"lua-1.{end}: in a shared root a file with that name"):
        install.install(product, built, shared, CTX)
    assert not list(Path(shared.root).rglob(f"lua-1.{end}"))


def test_a_setuid_file_that_is_not_there_is_told(tmp_path: Path, place: Place) -> None:
    product, built = lua(tmp_path / "a", setuid=["bin/lau"])
    with pytest.raises(Trouble) as found:
        install.install(product, built, place, CTX)
    assert "no file /opt/lua/bin/lau" in str(found.value)
    assert not Path(place.root).exists()


@ROOT_ONLY
@pytest.mark.real
def test_root_gives_it_to_whom_the_profile_says(tmp_path: Path, place: Place) -> None:
    product, built = lua(tmp_path / "a", owner="1:2", setuid=["bin/lua"])
    install.install(product, built, place, CTX)
    prefix = Path(place.prefix(product.table))
    for path in (prefix.parent, prefix, *prefix.rglob("*")):
        assert (path.stat().st_uid, path.stat().st_gid) == (1, 2)
    assert (prefix / "bin" / "lua").stat().st_mode & 0o7777 == 0o4555
    assert {Path(path).stat().st_uid for path in (place.root, place.mark(".enve"))} == {0}


def test_nobody_else_gives_files_away(
    tmp_path: Path, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("enve_fire.stage.install.laid.os.geteuid", lambda: 1000)
    product, built = lua(tmp_path / "a", owner="0:0")
    with pytest.raises(Trouble) as found:
        install.install(product, built, place, CTX)
    assert found.value.code == INSTALL
    assert "as root" in found.value.hint


def test_an_artifact_brings_no_marks(tmp_path: Path, place: Place) -> None:
    product, built = lua(tmp_path / "a")
    artifact(tmp_path / "a", {".enve/install": "enve-mark 1 x\n"})
    with pytest.raises(Trouble) as found:
        install.install(product, built, place, CTX)
    assert "where the marks of a root lie" in str(found.value)


# -- a root that several share --------------------------------------------------------------------
def laid(root: str) -> list[Any]:
    """All that is in a root but the times of marks."""
    from enve_fire.tree.listing import listing

    return [row for row in listing(root) if not row[0].startswith(".enve/")] + [
        row[0] for row in listing(root) if row[0].startswith(".enve/")
    ]


def test_installs_are_idempotent_and_commute(tmp_path: Path) -> None:
    a, b = lua(tmp_path / "a"), other(tmp_path / "b")
    (tmp_path / "b" / "opt").chmod(0o711)
    places = [Place(str(tmp_path / name), "root", shared=True) for name in ("ab", "abb", "ba")]
    for place, order in zip(places, ([a, b], [a, b, b, a], [b, a]), strict=True):
        for product, built in order:
            install.install(product, built, place, CTX)
            manifest.forget(place.installed(product.table))
            assert marks.read_hash(place.installed(product.table)) == ""
            install.install(product, built, place, CTX)
    assert laid(places[0].root) == laid(places[1].root) == laid(places[2].root)
    for product, built in (a, b):
        inner = product.table["prefix"]
        assert tree_hash(places[0].root + inner) == tree_hash(built.path + inner)


def test_a_new_one_takes_away_only_its_own(tmp_path: Path, shared: Place) -> None:
    old, one = lua(tmp_path / "a")
    new, two = lua(tmp_path / "b")
    (tmp_path / "b" / "opt" / "lua" / "share" / "v1").unlink()
    (tmp_path / "b" / "opt" / "lua" / "share").rmdir()
    (tmp_path / "b" / "opt" / "lua" / "share").write_text("a file where a folder was")
    two = two._replace(hash=hash_of("b", "two"))
    b, other_built = other(tmp_path / "c")
    root = Path(shared.root)
    (root / "home").mkdir(parents=True)
    (root / "home" / "mine").touch()
    install.install(old, one, shared, CTX)
    install.install(b, other_built, shared, CTX)
    install.install(new, two, shared, CTX)
    assert tree_hash(str(root / "opt" / "lua")) == tree_hash(two.path + "/opt/lua")
    assert (root / "opt" / "other" / "README").read_text() == "other"
    assert (root / "home" / "mine").exists()
    found = [".lock", "lua-1", "lua-1.deps", "other-1", "other-1.deps"]
    assert names(root / ".enve" / "installs") == found


def test_another_version_takes_the_place_of_the_one_before(tmp_path: Path, shared: Place) -> None:
    old, new = lua(tmp_path / "a"), lua(tmp_path / "b", "2")
    b, other_built = other(tmp_path / "c")
    install.install(b, other_built, shared, CTX)
    for version, (product, built) in (("1", old), ("2", new), ("1", old)):
        install.install(product, built, shared, CTX)
        assert tree_hash(shared.root + "/opt/lua") == tree_hash(built.path + "/opt/lua")
        found = [".lock", f"lua-{version}", f"lua-{version}.deps", "other-1", "other-1.deps"]
        assert names(Path(shared.root) / ".enve" / "installs") == found
    elsewhere = table("lua", "2") | {"prefix": "/opt/lua-2"}
    built = artifact(tmp_path / "d", {"opt/lua-2/bin/lua": "two"})
    install.install(Product("x", "git:1", elsewhere), built, shared, CTX)
    assert tree_hash(shared.root + "/opt/lua") == tree_hash(old[1].path + "/opt/lua")


def cut_off(*args: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("again", [0, 1])
def test_a_version_that_was_cut_off_half_way_makes_way_too(
    tmp_path: Path, shared: Place, monkeypatch: pytest.MonkeyPatch, again: int
) -> None:
    both = lua(tmp_path / "a"), lua(tmp_path / "b", "2")
    install.install(*both[0], shared, CTX)
    with monkeypatch.context() as cut:
        cut.setattr(merge, "lay", cut_off)
        with pytest.raises(KeyboardInterrupt):
            install.install(*both[1], shared, CTX)
    product, built = both[again]
    install.install(product, built, shared, CTX)
    assert tree_hash(shared.root) == tree_hash(built.path)
    found = [".lock", f"lua-{again + 1}", f"lua-{again + 1}.deps"]
    assert names(Path(shared.root) / ".enve" / "installs") == found


def test_two_products_with_one_file_are_told(tmp_path: Path, shared: Place) -> None:
    a, one = lua(tmp_path / "a")
    b, two = other(tmp_path / "b")
    artifact(tmp_path / "b", {"opt/lua/share/v1": "not the same"})
    install.install(a, one, shared, CTX)
    with pytest.raises(Trouble) as found:
        install.install(b, two, shared, CTX)
    assert found.value.code == INSTALL
    assert str(found.value).startswith("other-1 and lua-1 both have /opt/lua/share/v1")
    assert tree_hash(shared.root) == tree_hash(one.path)
    assert names(Path(shared.root) / ".enve" / "installs") == [".lock", "lua-1", "lua-1.deps"]


@ROOT_ONLY
@pytest.mark.real
def test_a_part_of_the_root_may_lie_on_another_disk(tmp_path: Path, shared: Place) -> None:
    old, one = lua(tmp_path / "a")
    new, two = lua(tmp_path / "b", "2", setuid=["bin/lua"], owner="1:2")
    (tmp_path / "b/opt/lua/bin/lua").chmod(0o4755)
    (tmp_path / "b/opt/lua/link").symlink_to("bin/lua")
    old = old._replace(table={**old.table, "version": "2"})
    root = Path(shared.root)
    (root / "opt").mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "second", root / "opt"], check=True)
    try:
        install.install(old, one, shared, CTX)
        install.install(new, two, shared, CTX)
        body = marks.read_body(shared.installed(new.table))
        assert compare(body["files"], shared.root) == []
        assert tree_hash(f"{root}/opt/lua") == tree_hash(f"{two.path}/opt/lua")
        found = (root / "opt/lua/bin/lua").stat()
        assert (found.st_uid, found.st_gid, found.st_mode & 0o7777) == (1, 2, 0o4555)
        (root / "opt/lua/link").unlink()
        (root / "opt/lua/link/mine").mkdir(parents=True)
        manifest.forget(shared.installed(new.table))
        with pytest.raises(Trouble, match="is in the way"):
            install.install(new, two, shared, CTX)
        assert not [*root.rglob(".enve-part-*")]
    finally:
        subprocess.run(["umount", root / "opt"], check=True)


def test_what_stands_beside_a_mark_is_none(tmp_path: Path, shared: Place) -> None:
    a, b = lua(tmp_path / "a"), other(tmp_path / "b")
    install.install(*a, shared, CTX)
    runtime.write(shared, a[0].table, [])
    install.install(*b, shared, CTX)
    assert [one["state"] for one in drift.of(shared.root)] == ["same", "same"]


@pytest.mark.parametrize("way", ["file", "link above", "folder"])
def test_nothing_of_the_root_is_overwritten(tmp_path: Path, shared: Place, way: str) -> None:
    product, built = lua(tmp_path / "a")
    root = Path(shared.root)
    (root / "opt").mkdir(parents=True)
    match way:
        case "file":
            (root / "opt" / "lua").touch()
        case "folder":
            (root / "opt" / "lua" / "bin" / "lua").mkdir(parents=True)
        case _:
            (root / "opt").rmdir()
            (root / "opt").symlink_to(tmp_path)
    with pytest.raises(Trouble) as found:
        install.install(product, built, shared, CTX)
    assert found.value.code == INSTALL
    assert not (tmp_path / "lua").exists()
    assert marks.read_hash(shared.installed(product.table)) == ""


# -- versions side by side ------------------------------------------------------------------------
def test_three_spots_of_three_versions_are_nine_folders(tmp_path: Path) -> None:
    built = {version: lua(tmp_path / version, version) for version in ("1", "2", "3")}
    spots = tmp_path / "spots"
    for spot in ("a", "b", "c"):
        for product, found in built.values():
            install.install(product, found, Place(f"{spots}/{spot}/{product.name}", spot), CTX)
    assert len([*spots.glob("*/*")]) == 9
    for path in spots.glob("*/*"):
        program = path / "opt" / "lua" / "bin" / "lua"
        assert program.read_text().endswith(f"echo {path.name[4:]}\n")
        assert program.stat().st_nlink == 1


def test_the_oldest_versions_go_but_for_those_in_use(tmp_path: Path) -> None:
    spot = tmp_path / "web"
    for version in ("1", "2", "3", "4", "5"):
        product, built = lua(tmp_path / version, version, keep=2)
        place = Place(str(spot / product.name), "web")
        install.install(product, built, place, CTX)
    json = Product("z", "git:3", table("lua-json"))
    install.install(
        json, artifact(tmp_path / "j", {"x": "1"}), Place(f"{spot}/lua-json-1", "w"), CTX
    )
    (spot / "lua-mine").mkdir()
    assert versions.beside(place, product.table) == [f"lua-{n}" for n in (5, 4, 3, 2, 1)]
    assert versions.prune(place, product.table, ["lua-1"]) == ["lua-3", "lua-2"]
    assert names(spot) == ["lua-1", "lua-4", "lua-5", "lua-json-1", "lua-mine"]
    back = Place(str(spot / "lua-1"), "web")
    assert versions.prune(back, product.table) == ["lua-4"]


ROWS: list[Any] = [
    [["../victim", "x", 0o644]],
    [["opt/../../victim", "x", 0o644]],
    [["opt//x", "x", 0o644]],
    [["/", "/", 0o755]],
    [["opt/x", "x"]],
    [["opt/x", "x", "644"]],
    [["opt/x", "x", 0o10000]],
    [["opt/\\q", "x", 0o644]],
    {"opt/x": "x"},
]


@pytest.mark.parametrize("rows", ROWS, ids=str)
@pytest.mark.parametrize("name", ["lua-1", "lua-1.begun", "other-1"])
def test_no_row_of_a_mark_leads_out_of_the_root(
    tmp_path: Path, shared: Place, rows: Any, name: str
) -> None:
    product, built = lua(tmp_path / "a")
    install.install(product, built, shared, CTX)
    victim = tmp_path / "victim"
    victim.write_text("stays")
    planted = f"{shared.root}/.enve/installs/{name}"
    marks.write(planted, hash_of("i", 7), {"files": rows})
    product, built = lua(tmp_path / "b", setuid=["/opt/lua/bin/lua"])
    with pytest.raises(Trouble, match="damaged mark") as error:
        install.install(product, built, shared, CTX)
    assert (error.value.code, victim.read_text()) == (INPUT, "stays")
    assert planted in error.value.message


@ROOT_ONLY
def test_a_mark_that_somebody_else_wrote_counts_for_nothing(tmp_path: Path, shared: Place) -> None:
    product, built = lua(tmp_path / "a")
    install.install(product, built, shared, CTX)
    own = Path(shared.root) / "etc"
    own.mkdir()
    (own / "passwd").write_text("kept")
    rows = [["etc/passwd", "x", 0o644]]
    planted = Path(f"{shared.root}/.enve/installs/lua-1.begun")
    for give in (lambda: os.chown(planted, 1, 1), lambda: planted.chmod(0o666)):
        marks.write(str(planted), hash_of("i", 7), {"files": rows})
        give()
        changed = built._replace(hash=hash_of("b", planted.stat().st_uid + 1))
        install.install(product, changed, shared, CTX)
        assert (own / "passwd").read_text() == "kept"
