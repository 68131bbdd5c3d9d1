"""The hash of a folder: what counts, what does not, and what a cache of stats may save."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enve_fire.core.digest import hash_of_bytes
from enve_fire.core.trouble import BUSY, INPUT, Trouble
from enve_fire.tree import contents, ignore, names, statcache
from enve_fire.tree.digest import tree_hash


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    top = tmp_path / "tree"
    (top / "a").mkdir(parents=True)
    (top / "a.b").write_text("dot")
    (top / "a" / "run").write_text("#!/bin/sh\n")
    (top / "a" / "run").chmod(0o755)
    (top / "link").symlink_to("a/run")
    return top


def old(top: Path) -> None:
    """As if nobody had touched it for an hour, as far as a change of the status can be older."""
    for path in top.rglob("*"):
        os.utime(path, (1_600_000_000, 1_600_000_000), follow_symlinks=False)


def test_it_is_the_hash_that_is_written_down(tree: Path) -> None:
    def sum_(data: bytes) -> bytes:
        return hashlib.sha256(data).hexdigest().encode()

    lines = [
        b"a\x0040111\0",
        b"a.b\x00100000\0" + sum_(b"dot"),
        b"a/run\x00100111\0" + sum_(b"#!/bin/sh\n"),
        b"link\x00120111\0a/run",
    ]
    (tree / "a").chmod(0o755)
    text = b"".join(line + b"\0" for line in lines)
    assert tree_hash(str(tree)) == "tree:" + hash_of_bytes("tree", text)


def other_content(tree: Path) -> None:
    (tree / "a.b").write_text("dog")


def may_be_run(tree: Path) -> None:
    (tree / "a.b").chmod(0o744)


def leads_elsewhere(tree: Path) -> None:
    (tree / "link").unlink()
    (tree / "link").symlink_to("a")


def other_name(tree: Path) -> None:
    (tree / "a.b").rename(tree / "a.c")


def one_folder_more(tree: Path) -> None:
    (tree / "empty").mkdir()


def file_in_place_of_a_link(tree: Path) -> None:
    (tree / "link").unlink()
    (tree / "link").write_text("a/run")


def a_profile_below(tree: Path) -> None:
    (tree / "a" / "enve.yml").write_text("enve: 1")


@pytest.mark.parametrize(
    "change",
    [
        other_content,
        may_be_run,
        leads_elsewhere,
        other_name,
        one_folder_more,
        file_in_place_of_a_link,
        a_profile_below,
    ],
)
def test_what_counts(tree: Path, tmp_path: Path, change: Callable[[Path], None]) -> None:
    cache = str(tmp_path / "cache")
    before = tree_hash(str(tree), cache)
    change(tree)
    assert tree_hash(str(tree), cache) == tree_hash(str(tree)) != before


def touched(tree: Path) -> None:
    old(tree)


def group_may_write(tree: Path) -> None:
    (tree / "a.b").chmod(0o664)


def of_git_and_ours(tree: Path) -> None:
    (tree / ".git").mkdir()
    (tree / ".git" / "HEAD").write_text("x")
    (tree / "a" / ".git").write_text("gitdir: elsewhere")
    (tree / "a" / ".enve-cache").write_text("x")


def its_profile(tree: Path) -> None:
    for name in ("enve.yml", "enve.conf"):
        (tree / name).write_text("enve: 1")


def its_rendered_profile(tree: Path) -> None:
    (tree / "enve.json").write_text("{}")


def a_fifo(tree: Path) -> None:
    os.mkfifo(tree / "fifo")


@pytest.mark.parametrize(
    "change", [touched, group_may_write, of_git_and_ours, its_profile, its_rendered_profile, a_fifo]
)
def test_what_does_not_count(tree: Path, change: Callable[[Path], None]) -> None:
    before = tree_hash(str(tree))
    change(tree)
    assert tree_hash(str(tree)) == before


def test_a_file_beside_the_profile_counts_whatever_it_is_called(tree: Path) -> None:
    its_profile(tree)
    before = tree_hash(str(tree))
    (tree / "enve.json").write_text("{}")
    assert tree_hash(str(tree)) != before


@pytest.mark.parametrize(
    ("pattern", "path", "out"),
    [
        ("*.o", "a/b.o", True),
        ("*.o", "a/b.op", False),
        ("build", "x/build", True),
        ("build/", "x/build", True),
        ("/build", "build", True),
        ("/build", "x/build", False),
        ("a/*.c", "a/b.c", True),
        ("a/*.c", "a/b/c.c", False),
        ("a/**/c", "a/c", True),
        ("a/**/c", "a/b/b/c", True),
        ("**.log", "a/b.log", True),
        ("[ab].x", "a.x", True),
        ("[!ab].x", "a.x", False),
        ("a+b", "a+b", True),
        ("?", "\u00e4", False),  # two bytes
    ],
)
def test_patterns(tmp_path: Path, pattern: str, path: str, out: bool) -> None:
    (tmp_path / ".enveignore").write_text(f"# a comment\n\n{pattern}\n")
    handle = os.open(tmp_path, os.O_RDONLY)
    try:
        assert ignore.of(handle)(path.encode()) is out
    finally:
        os.close(handle)


def test_what_is_left_out_is_not_hashed(tree: Path) -> None:
    before = tree_hash(str(tree))
    (tree / ".enveignore").write_text("out\n")
    (tree / "out").mkdir()
    (tree / "out" / "x").write_text("1")
    assert tree_hash(str(tree)) == before


def test_a_name_of_any_bytes(tree: Path) -> None:
    (tree / os.fsdecode(b"\xff\n\\x")).write_text("1")
    before = tree_hash(str(tree))
    (tree / os.fsdecode(b"\xff\n\\x")).rename(tree / os.fsdecode(b"\xfe\n\\x"))
    assert tree_hash(str(tree)) != before


@given(st.binary(max_size=20))
def test_names_come_back(name: bytes) -> None:
    text = names.shown(name)
    assert names.real(text) == name
    assert text.encode() or not name  # no lone surrogates


# -- the cache ------------------------------------------------------------------------------------
@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything that is there is older than two seconds."""
    monkeypatch.setattr(contents.time, "time_ns", lambda: time.clock_gettime_ns(0) + 3_000_000_000)


@pytest.mark.usefixtures("later")
def test_nothing_is_read_twice(tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = tmp_path / "cache"
    before = tree_hash(str(tree), str(cache))
    written = cache.stat().st_mtime_ns
    monkeypatch.setattr(contents, "_hashed", None)  # whoever reads a file fails
    assert tree_hash(str(tree), str(cache)) == before
    assert cache.stat().st_mtime_ns == written


def test_what_is_young_is_not_believed(tree: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    tree_hash(str(tree), str(cache))
    assert statcache.load(str(cache), tree.stat()) == {}


@pytest.mark.usefixtures("later")
def test_a_content_that_looks_as_old_as_before_is_seen(tree: Path, tmp_path: Path) -> None:
    cache = str(tmp_path / "cache")
    before = tree_hash(str(tree), cache)
    state = (tree / "a.b").stat()
    (tree / "a.b").write_text("dog")
    os.utime(tree / "a.b", ns=(state.st_atime_ns, state.st_mtime_ns))
    assert tree_hash(str(tree), cache) != before


@pytest.mark.usefixtures("later")
@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "folder", "link", "open to all"])
def test_a_damaged_cache_is_as_none(tree: Path, tmp_path: Path, damage: str) -> None:
    cache = tmp_path / "cache"
    before = tree_hash(str(tree), str(cache))
    data = cache.read_bytes()
    lie = data.replace(hashlib.sha256(b"dot").hexdigest().encode(), b"0" * 64)
    assert lie != data
    match damage:
        case "cut":
            cache.write_bytes(data[:-20])
        case "flipped":
            cache.write_bytes(lie)
        case "empty":
            cache.write_bytes(b"")
        case "folder":
            cache.unlink()
            cache.mkdir()
        case "link":
            cache.rename(tmp_path / "other")
            cache.symlink_to(tmp_path / "other")
        case _:
            cache.chmod(0o666)
    assert tree_hash(str(tree), str(cache)) == before
    if damage != "link":
        assert damage == "open to all" or not statcache.load(str(cache), Path("/").stat())
    assert not list(tmp_path.glob("*.new"))


@pytest.mark.usefixtures("later")
def test_a_cache_of_another_folder_is_not_believed(tree: Path, tmp_path: Path) -> None:
    cache = str(tmp_path / "cache")
    tree_hash(str(tree), cache)
    assert statcache.load(cache, tree.stat())
    assert statcache.load(cache, tmp_path.stat()) == {}


# -- changes meanwhile ----------------------------------------------------------------------------
def test_a_change_during_the_walk_is_met_again(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, times = contents._hashed, [0]

    def hashed(*given: object) -> bytes:
        times[0] += 1
        if times[0] == 1:
            other_content(tree)
        return real(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(contents, "_hashed", hashed)
    found = tree_hash(str(tree))
    monkeypatch.undo()
    assert found == tree_hash(str(tree))
    assert times[0] > 2


def test_what_never_stands_still_is_told(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = contents._hashed

    def hashed(*given: object) -> bytes:
        (tree / "a.b").write_text(str(time.monotonic_ns()))
        return real(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(contents, "_hashed", hashed)
    with pytest.raises(Trouble) as found:
        tree_hash(str(tree))
    assert found.value.code == BUSY
    assert "changes while it is read" in str(found.value)


def test_deeper_than_anybody_goes(tmp_path: Path) -> None:
    here = tmp_path
    for _ in range(140):
        here = here / "d"
    here.mkdir(parents=True)
    with pytest.raises(Trouble) as found:
        tree_hash(str(tmp_path))
    assert found.value.code == INPUT


def test_the_folder_itself_may_be_a_link(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "there").symlink_to(tree)
    assert tree_hash(str(tmp_path / "there")) == tree_hash(str(tree))
    assert tree_hash(str(tree)).startswith("tree:")
