"""Marks: gone before a change, there after it, and believed only where they are whole."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from enve_fire.core import mark
from enve_fire.core.digest import hash_of
from enve_fire.core.trouble import Trouble
from enve_fire.stage import marks
from enve_fire.stage.install.place import Place

HASH = hash_of("i", {"v": 1})
TABLE = {"enve": 1, "title": "lua", "version": "5.4.4", "prefix": "/opt/lua"}


def test_a_mark_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = str(tmp_path / ".enve" / "install")
    assert marks.read_hash(path) == ""
    assert marks.read_body(path) == {}
    marks.drop(path)
    os.umask(0o077)
    marks.write(path, HASH, {"files": []})
    os.umask(0o022)
    assert marks.read_hash(path) == HASH
    assert marks.read_body(path) == {"files": []}
    assert Path(path).stat().st_mode & 0o777 == 0o644
    assert [one.name for one in (tmp_path / ".enve").iterdir()] == ["install"]
    marks.drop(path)
    assert marks.read_hash(path) == ""


def test_a_line_is_all_that_is_read(tmp_path: Path) -> None:
    (tmp_path / "m").write_bytes(mark.HEAD.encode() + HASH.encode() + b"\n" + b"no JSON")
    assert marks.read_hash(str(tmp_path / "m")) == HASH
    with pytest.raises(Trouble) as found:
        marks.read_body(str(tmp_path / "m"))
    assert "remove it" in found.value.hint


def test_what_is_no_mark_says_nothing(tmp_path: Path) -> None:
    whole = mark.text(HASH, {})
    (tmp_path / "whole").write_bytes(whole)
    (tmp_path / "link").symlink_to("whole")
    (tmp_path / "cut").write_bytes(whole[:20])
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "fifo")
    for name in ("link", "cut", "folder", "fifo", "folder/none", "whole/none"):
        assert marks.read_hash(str(tmp_path / name)) == "", name
    assert marks.read_hash(str(tmp_path / "whole")) == HASH


def test_places() -> None:
    alone, shared = Place("/srv/web/", "web"), Place("/", "root", shared=True)
    assert alone.prefix(TABLE) == "/srv/web/opt/lua"
    assert alone.installed(TABLE) == "/srv/web/.enve/install"
    assert alone.deps(TABLE) == "/srv/web/.enve/deps"
    assert shared.prefix(TABLE) == "/opt/lua"
    assert shared.installed(TABLE) == "/.enve/installs/lua-5.4.4"
    assert shared.deps(TABLE) == "/.enve/installs/lua-5.4.4.deps"
