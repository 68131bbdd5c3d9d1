"""What a setup lays in a root, takes away, keeps and puts back."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from tests.support.setups import context, place, product, row, tree

from enve_fire.core.trouble import INPUT, SETUP, Trouble
from enve_fire.stage import marks
from enve_fire.stage.setup import differences, is_valid, mark_of, setup

APP = product([])
CONF = "/opt/app/etc/app.conf"


def _set(root: Path, *files: Any, **more: Any) -> str:
    return setup(product(list(files), **more), place(root), context())


def _installed(root: Path, path: str = CONF, text: str = "installed\n", mode: int = 0o444) -> Path:
    file = root / path.lstrip("/")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    file.chmod(mode)
    return file


def _written(root: Path) -> dict[Path, tuple[int, ...]]:
    """What every change of a file shows in; who only looks leaves another time of access."""
    states = {path: path.lstat() for path in root.rglob("*")}
    return {
        path: (one.st_ino, one.st_mode, one.st_size, one.st_mtime_ns, one.st_ctime_ns)
        for path, one in states.items()
    }


def test_files_are_laid_with_their_folders_and_marked(tmp_path: Path) -> None:
    hash_ = _set(tmp_path, row(CONF, "a=1\n", 0o640), row("etc/own", "x"))
    conf = tmp_path / CONF.lstrip("/")
    assert conf.read_text() == "a=1\n"
    assert conf.stat().st_mode & 0o7777 == 0o640
    assert (tmp_path / "opt/app/etc/own").read_text() == "x"  # a relative path: below the prefix
    mark = mark_of(APP, place(tmp_path))
    assert marks.read_hash(mark) == hash_
    rows = marks.read_body(mark)["files"]
    assert [CONF, hashlib.sha256(b"a=1\n").hexdigest(), 0o640] in rows


def test_what_is_set_up_already_is_not_touched(tmp_path: Path) -> None:
    files = [row(CONF, "a=1\n")]
    first = _set(tmp_path, *files)
    before = _written(tmp_path)
    assert _set(tmp_path, *files) == first
    assert _written(tmp_path) == before
    assert is_valid(product(files), place(tmp_path))
    assert not is_valid(product([row(CONF, "a=2\n")]), place(tmp_path))


def test_no_setup_makes_nothing(tmp_path: Path) -> None:
    assert _set(tmp_path) == ""
    assert list(tmp_path.iterdir()) == []
    assert is_valid(product([]), place(tmp_path))
    assert not is_valid(product([row(CONF, "")]), place(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_the_installed_file_comes_back(tmp_path: Path) -> None:
    _installed(tmp_path)
    (tmp_path / "opt/app/etc/link").symlink_to("app.conf")
    before = tree(tmp_path)
    _set(tmp_path, row(CONF, "a"), row("etc/link", "b"), row("/var/lib/app/state", "c"))
    assert (tmp_path / "opt/app/etc/link").read_text() == "b"
    _set(tmp_path, row(CONF, "a2"))
    assert (tmp_path / "opt/app/etc/link").is_symlink()
    assert not (tmp_path / "var").exists()  # the folders were made for it
    _set(tmp_path)
    assert tree(tmp_path) == before


def test_a_folder_that_was_taken_away_comes_back_with_the_installed_file(tmp_path: Path) -> None:
    conf = _installed(tmp_path)
    _set(tmp_path, row(CONF, "a"), row("/srv/x", "a"))
    shutil.rmtree(conf.parent)
    shutil.rmtree(tmp_path / "srv")
    _set(tmp_path)
    assert conf.read_text() == "installed\n"
    assert not (tmp_path / "srv").exists()


def test_folders_that_hold_other_things_stay(tmp_path: Path) -> None:
    _set(tmp_path, row("/var/lib/app/state", "c"))
    (tmp_path / "var/lib/app/data").write_text("theirs")
    _set(tmp_path)
    assert sorted(tree(tmp_path)) == ["var", "var/lib", "var/lib/app", "var/lib/app/data"]


def test_a_file_becomes_a_folder_and_back(tmp_path: Path) -> None:
    _set(tmp_path, row("/etc/a", "file"))
    _set(tmp_path, row("/etc/a/b", "inner"))
    assert (tmp_path / "etc/a/b").read_text() == "inner"
    _set(tmp_path, row("/etc/a", "file"))
    assert (tmp_path / "etc/a").read_text() == "file"


def test_what_was_edited_by_hand_is_saved_and_overwritten(tmp_path: Path) -> None:
    conf = _installed(tmp_path)
    _set(tmp_path, row(CONF, "a"))
    conf.chmod(0o644)
    conf.write_text("by hand")
    _set(tmp_path, row(CONF, "b"))
    saved = conf.with_name("app.conf.enve-save")
    assert conf.read_text() == "b"
    assert saved.read_text() == "by hand"
    conf.write_text("by hand again")
    _set(tmp_path)
    assert conf.read_text() == "installed\n"
    assert saved.read_text() == "by hand again"
    _set(tmp_path, row(CONF, "b"))
    _set(tmp_path, row(CONF, "c"))
    assert saved.read_text() == "by hand again"  # nothing of ours is taken for an edit


def test_a_new_install_is_the_new_default(tmp_path: Path) -> None:
    conf = _installed(tmp_path)
    marks.write(place(tmp_path).installed({}), "a" * 32, {})
    _set(tmp_path, row(CONF, "a"), row("/etc/out", "a"))
    conf.unlink()
    _installed(tmp_path, text="installed anew\n")  # as an install does: all below the prefix
    marks.write(place(tmp_path).installed({}), "b" * 32, {})
    _set(tmp_path, row(CONF, "b"), row("/etc/out", "b"))
    assert not conf.with_name("app.conf.enve-save").exists()
    _set(tmp_path)
    assert conf.read_text() == "installed anew\n"
    assert not (tmp_path / "etc").exists()


def test_content_is_brought_by_its_hash(tmp_path: Path) -> None:
    blobs, root = tmp_path / "blobs", tmp_path / "root"
    blobs.mkdir()
    root.mkdir()
    sum_ = hashlib.sha256(b"brought").hexdigest()
    wanted = product([{"path": CONF, "mode": 0o600, "sha256": sum_}])
    with pytest.raises(Trouble, match="was not brought") as missing:
        setup(wanted, place(root), context(), str(blobs))
    assert missing.value.code == SETUP
    (blobs / sum_).write_bytes(b"another")
    with pytest.raises(Trouble, match="wanted content of sha256"):
        setup(wanted, place(root), context(), str(blobs))
    (blobs / sum_).write_bytes(b"brought")
    brought = setup(wanted, place(root), context(), str(blobs))
    assert (root / CONF.lstrip("/")).read_bytes() == b"brought"
    assert setup(product([row(CONF, "brought", 0o600)]), place(root), context()) == brought


def test_two_setups_of_one_root_do_not_share_a_path(tmp_path: Path) -> None:
    _set(tmp_path, row(CONF, "a"), cfgpath="/etc/shop")
    with pytest.raises(Trouble, match=r"app@%2Fetc%2Fshop has laid it already") as taken:
        _set(tmp_path, row(CONF, "b"), row("/etc/b", "b"), cfgpath="other")
    assert taken.value.code == SETUP
    assert not (tmp_path / "etc/b").exists()
    _set(tmp_path, row("/etc/b", "b"), cfgpath="other")
    _set(tmp_path, cfgpath="/etc/shop")
    _set(tmp_path, row(CONF, "b"), row("/etc/b", "b"), cfgpath="other")
    assert (tmp_path / CONF.lstrip("/")).read_text() == "b"


@pytest.mark.parametrize(
    ("files", "code", "told"),
    [
        ([row("/.enve/x", "")], INPUT, "outside of /.enve"),
        ([row("/x.enve-save", "")], INPUT, "does not end in"),
        ([row("/a", ""), row("/a/b", "")], INPUT, "a file or a folder /a, not both"),
        ([row("/opt/app/x", ""), row("x", "")], INPUT, "each path once"),
        ([row("/folder", "")], SETUP, "/folder: wanted a file, found a folder"),
        ([row("/fifo", "")], SETUP, "/fifo: wanted a file, found neither file nor link"),
        ([row("/out/x", "")], SETUP, "a path in a root leads through folders only"),
        ([row("/opt/app/file/x", "")], SETUP, "a path in a root leads through folders only"),
        ([row("/x", "", owner="nobody-of-that-name")], SETUP, "no user nobody-of-that-name"),
    ],
)
def test_what_cannot_be_laid_changes_nothing(
    tmp_path: Path, files: list[Any], code: int, told: str
) -> None:
    root, out = tmp_path / "root", tmp_path / "out"
    out.mkdir()
    _installed(root, "/opt/app/file")
    (root / "folder").mkdir()
    os.mkfifo(root / "fifo")
    (root / "out").symlink_to(out)
    _set(root, row(CONF, "before"))
    before = tree(root)
    with pytest.raises(Trouble, match=told) as trouble:
        _set(root, row(CONF, "after"), *files)
    assert trouble.value.code == code
    assert tree(root) == before
    assert list(out.iterdir()) == []


def test_what_has_drifted_is_told(tmp_path: Path) -> None:
    wanted = product([row(CONF, "a"), row("/s", "b", secret=True), row("/m", ""), row("/ok", "")])
    here = place(tmp_path)
    setup(wanted, here, context())
    rows = marks.read_files(mark_of(wanted, here))
    assert differences(here, rows) == []
    (tmp_path / CONF.lstrip("/")).unlink()
    (tmp_path / "s").write_text("guess")
    (tmp_path / "m").chmod(0o600)
    told = ["m: mode 600, not 644", f"{CONF[1:]}: missing", "s: changed"]
    assert [one.said() for one in differences(here, rows)] == told
