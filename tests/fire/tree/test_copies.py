"""Copies of trees, by each way; their modes; what differs; and how they go."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from tests.support import loopdisk

from enve_fire.core.trouble import MISSING, Trouble
from enve_fire.tree import copy, modes, pour
from enve_fire.tree.copy import Terms
from enve_fire.tree.digest import tree_hash
from enve_fire.tree.listing import compare, listing
from enve_fire.tree.remove import remove

STORED = Terms(stored=True)
needs_btrfs = pytest.mark.skipif(bool(loopdisk.refusal()), reason=loopdisk.refusal())


def grow(top: Path) -> Path:
    """A tree with a file that may be run, twins, links, an empty folder, any bytes, a hole."""
    (top / "bin").mkdir(parents=True)
    (top / "empty").mkdir()
    (top / "bin" / "x").write_text("#!/bin/sh\n")
    (top / "bin" / "x").chmod(0o755)
    (top / "big").write_bytes(os.urandom(3 << 20))
    os.link(top / "big", top / "bin" / "twin")
    (top / "none").touch()
    (top / "out").symlink_to("/etc/passwd")
    (top / os.fsdecode(b"\xff\n")).write_text("bytes")
    with (top / "hole").open("wb") as file:
        file.seek(8 << 20)
        file.write(b"end")
        file.truncate(9 << 20)
    for path in top.rglob("*"):
        os.utime(path, (1_500_000_000, 1_500_000_001), follow_symlinks=False)
    return top


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return grow(tmp_path / "tree")


@pytest.fixture
def without_reflinks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever this runs."""
    monkeypatch.setattr("enve_fire.tree.files.clone", lambda *_: False)


def same(one: Path, other: Path) -> bool:
    return tree_hash(str(one)) == tree_hash(str(other))


@pytest.mark.parametrize(
    ("mode", "terms", "how"),
    [
        ("copy", Terms(), "copy"),
        ("auto", Terms(), "copy"),
        ("auto", STORED, "hardlink"),
        ("hardlink", STORED, "hardlink"),
    ],
)
@pytest.mark.usefixtures("without_reflinks")
def test_a_copy_is_the_same(tree: Path, mode: str, terms: Terms, how: str) -> None:
    modes.close_files(str(tree))
    target = tree.with_name("copy")
    assert copy.copy(str(tree), str(target), mode, terms) == how
    assert same(tree, target)
    for path in tree.rglob("*"):
        mine, yours = path.lstat(), (target / path.relative_to(tree)).lstat()
        assert mine.st_mode == yours.st_mode
        assert mine.st_mtime_ns == yours.st_mtime_ns
    shared = {path.name for path in target.rglob("*") if path.lstat().st_nlink > 1}
    assert {"big", "twin"} <= shared
    assert ("none" in shared) is (how == "hardlink")
    hole = (target / "hole").stat()
    assert hole.st_blocks * 512 < hole.st_size


def test_without_the_calls_of_the_kernel(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pour, "_RANGE", None)
    copy.copy(str(tree), str(tmp_path / "copy"), "copy")
    assert same(tree, tmp_path / "copy")


def test_only_closed_files_of_a_store_are_shared(tree: Path, tmp_path: Path) -> None:
    with pytest.raises(Trouble) as found:
        copy.copy(str(tree), str(tmp_path / "no"), "hardlink")
    assert found.value.code == MISSING
    assert not (tmp_path / "no").exists()
    (tree / "bin" / "x").chmod(0o555)
    (tree / "none").chmod(0o444)
    terms = Terms(stored=True, setuid=frozenset([b"none"]))
    assert copy.copy(str(tree), str(tmp_path / "copy"), "hardlink", terms) == "hardlink"
    shared = [name for name in ("bin/x", "none", "hole") if (tree / name).stat().st_nlink > 1]
    assert shared == ["bin/x"]


def test_a_reflink_that_is_not_possible_is_told(tree: Path, tmp_path: Path) -> None:
    with pytest.raises(Trouble) as found:
        copy.copy(str(tree), f"/dev/shm/{tmp_path.name}", "reflink")  # tmpfs
    try:
        assert found.value.code == MISSING
        assert "mode: auto" in found.value.hint
    finally:
        remove(f"/dev/shm/{tmp_path.name}")


@pytest.mark.btrfs
@needs_btrfs
def test_blocks_are_shared_where_the_file_system_can(tmp_path: Path) -> None:
    with loopdisk.btrfs(tmp_path) as disk:
        tree = grow(disk / "tree")
        assert copy.copy(str(tree), str(disk / "copy")) == "reflink"
        assert same(tree, disk / "copy")
        assert (disk / "copy" / "big").stat().st_mtime_ns == (tree / "big").stat().st_mtime_ns
        words = ["filefrag", "-v", str(disk / "copy" / "big")]
        done = subprocess.run(words, capture_output=True, text=True, check=True)
        assert "shared" in done.stdout


def test_what_is_left_out_is_not_copied(tree: Path, tmp_path: Path) -> None:
    from enve_fire.tree import ignore

    (tree / ".git").mkdir()
    (tree / ".git" / "HEAD").touch()
    copy.copy(str(tree), str(tmp_path / "copy"), "copy", Terms(skip=ignore.of))
    assert not (tmp_path / "copy" / ".git").exists()
    assert same(tree, tmp_path / "copy")


def test_a_copy_never_gets_setuid(tree: Path, tmp_path: Path) -> None:
    (tree / "bin" / "x").chmod(0o6755)
    copy.copy(str(tree), str(tmp_path / "copy"))
    assert (tmp_path / "copy" / "bin" / "x").stat().st_mode & 0o7777 == 0o755


@pytest.mark.real
@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_copy_has_the_owner_that_is_asked_for(tree: Path, tmp_path: Path) -> None:
    value = bytes.fromhex("0100000200040000000000000000000000000000")  # cap_net_bind_service=ep
    os.setxattr(tree / "bin" / "x", "security.capability", value)
    copy.copy(str(tree), str(tmp_path / "copy"), "copy", Terms(owner=(1, 2)))
    for path in (tmp_path / "copy", *(tmp_path / "copy").rglob("*")):
        assert (path.lstat().st_uid, path.lstat().st_gid) == (1, 2)
    assert os.getxattr(tmp_path / "copy" / "bin" / "x", "security.capability") == value


# -- modes ----------------------------------------------------------------------------------------
def test_files_are_closed_and_folders_are_not(tree: Path) -> None:
    (tree / "bin" / "x").chmod(0o6777)
    (tree / "big").chmod(0o4755)
    (tree / "none").chmod(0o000)
    (tree / "empty").chmod(0o555)
    outside = Path("/etc/passwd").stat().st_mode
    modes.close_files(str(tree), ["/bin/x", "hole", "no/such"])
    found = {name: (tree / name).stat().st_mode & 0o7777 for name in ("big", "none", "hole")}
    assert found == {"big": 0o555, "none": 0o000, "hole": 0o4444}
    assert (tree / "bin" / "x").stat().st_mode & 0o7777 == 0o6555
    assert (tree / "empty").stat().st_mode & 0o777 == 0o755
    assert Path("/etc/passwd").stat().st_mode == outside


# -- what differs ---------------------------------------------------------------------------------
def test_what_differs_is_named(tree: Path) -> None:
    rows = listing(str(tree))
    assert compare(rows, str(tree)) == []
    (tree / "new").write_text("not listed")
    (tree / "none").write_text("now something")
    (tree / "bin" / "x").chmod(0o700)
    (tree / "big").unlink()
    (tree / "out").unlink()
    (tree / "out").symlink_to("/etc/shadow")
    (tree / "empty").rmdir()
    (tree / "empty").touch()
    (tree / os.fsdecode(b"\xff\n")).unlink()
    assert sorted(one.said() for one in compare(rows, str(tree))) == [
        "\\xff\n: missing",
        "big: missing",
        "bin/x: mode 700, not 755",
        "empty: is something else",
        "none: changed",
        "out: changed",
    ]


def test_no_difference_is_looked_for_behind_a_link(tree: Path, tmp_path: Path) -> None:
    rows = listing(str(tree))
    (tree / "bin").rename(tmp_path / "elsewhere")
    (tree / "bin").symlink_to(tmp_path / "elsewhere")
    found = [one.said() for one in compare(rows, str(tree))]
    assert found == ["bin: is something else", "bin/twin: missing", "bin/x: missing"]


# -- how they go ----------------------------------------------------------------------------------
def test_a_closed_tree_goes_and_what_it_leads_to_stays(tree: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "stays").touch()
    (tree / "bin" / "way").symlink_to(other)
    (tree / "bin").chmod(0o000)
    remove(str(tree) + "/")
    remove(str(tree))
    assert not tree.exists()
    (tmp_path / "link").symlink_to(other)
    remove(str(tmp_path / "link"))
    assert (other / "stays").exists()
