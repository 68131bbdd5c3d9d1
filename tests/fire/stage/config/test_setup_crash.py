"""Setups that are killed, that fail, that meet another one, in any order."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.forked import in_own_mounts
from tests.support.killed import at_every_step
from tests.support.setups import context, place, product, row, tree

from enve_fire.core import laying
from enve_fire.core.trouble import SETUP, Trouble
from enve_fire.stage import marks
from enve_fire.stage.setup import mark_of, setup
from enve_pm.core.fieldcheck import Bad

APP = product([])
BEFORE = product([row("/etc/a", "A"), row("/etc/both", "A"), row("/etc/was", "A"), row("/x", "")])
AFTER = product([row("/etc/b", "B"), row("/etc/both", "B"), row("/etc/x/y", "B"), row("/z", "")])


def _root(root: Path) -> Path:
    """One with files that were installed."""
    (root / "etc").mkdir(parents=True)
    for name in ("was", "b", "other"):
        (root / "etc" / name).write_text("installed")
    return root


def _alone(root: Path, wanted: Any) -> dict[str, Any]:
    setup(wanted, place(_root(root)), context())
    return tree(root)


def test_killed_at_any_step_it_leaves_no_false_mark(memory: Path) -> None:
    tmp_path = memory
    trees = [_alone(tmp_path / "A", BEFORE), _alone(tmp_path / "B", AFTER)]
    hashes = [
        setup(one, place(tmp_path / name), context()) for one, name in ((BEFORE, "A"), (AFTER, "B"))
    ]
    states = []

    def work() -> None:
        setup(AFTER, place(tmp_path / "killed"), context())

    shutil.copytree(tmp_path / "A", tmp_path / "killed")
    for number in at_every_step(work):
        root = tmp_path / "killed"
        found = marks.read_hash(mark_of(APP, place(root)))
        states.append(found)
        if found:
            assert tree(root) == trees[hashes.index(found)]
        for wanted, expected in ((AFTER, trees[1]), (BEFORE, trees[0])):
            again = shutil.copytree(root, tmp_path / f"again-{number}", symlinks=True)
            setup(wanted, place(again), context())
            assert tree(again) == expected
            shutil.rmtree(again)
        shutil.rmtree(root)
        shutil.copytree(tmp_path / "A", root)
    assert len(states) > 20
    assert set(states) == {"", *hashes}


def test_a_command_that_fails_puts_all_back(tmp_path: Path) -> None:
    before = _alone(tmp_path / "root", BEFORE)
    failing = product(list(AFTER.table["setup"]["files"]), ["cat $ROOT/etc/b", "echo no; exit 7"])
    said: list[str] = []
    with pytest.raises(Trouble, match="status 7") as failed:
        setup(failing, place(tmp_path / "root"), context(said))
    assert failed.value.code == SETUP
    assert said[-1] == "  | no"
    assert tree(tmp_path / "root") == before
    assert marks.read_hash(mark_of(APP, place(tmp_path / "root"))) == ""
    for wanted in (AFTER, BEFORE):
        expected = _alone(tmp_path / wanted.table["setup"]["files"][0]["path"][-1], wanted)
        setup(wanted, place(tmp_path / "root"), context())
        assert tree(tmp_path / "root") == expected


def test_what_was_edited_before_a_failure_is_there_after_it(tmp_path: Path) -> None:
    root = tmp_path / "root"
    _alone(root, BEFORE)
    (root / "etc/both").write_text("by hand")
    with pytest.raises(Trouble):
        setup(product([row("/etc/both", "B")], ["false"]), place(root), context())
    assert (root / "etc/both").read_text() == "by hand"


def test_setups_of_one_name_wait_for_each_other(tmp_path: Path) -> None:
    """Each of them alone counts how many are in there."""
    root = tmp_path / "root"
    root.mkdir()
    count = 'mkdir "$ROOT/one" && sleep 0.02 && rmdir "$ROOT/one" && echo x >> "$ROOT/count"'
    wrong: list[BaseException] = []

    def work(number: int) -> None:
        try:
            setup(product([row("/etc/a", str(number))], [count]), place(root), context())
        except BaseException as error:
            wrong.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert (root / "count").read_text() == "x\n" * 6
    last = (root / "etc/a").read_text()
    again = product([row("/etc/a", last)], [count])
    assert setup(again, place(root), context()) == marks.read_hash(mark_of(APP, place(root)))


PATHS = ["/a", "/a/b", "/a/b/c", "/d", "/d/e", "/f", "/link", "/g/h"]
ROWS = st.builds(
    row,
    st.sampled_from(PATHS),
    st.sampled_from(["", "1", "installed"]),
    st.sampled_from([0o644, 0o600, 0o4755]),
    secret=st.booleans(),
)
CONFIGS = st.lists(ROWS, max_size=5, unique_by=lambda one: one["path"])


@settings(max_examples=150, deadline=None)
@given(st.lists(CONFIGS, min_size=1, max_size=5))
def test_any_setups_in_a_row_are_the_last_one_alone(configs: list[list[Any]]) -> None:
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        many, one = (_strewn(Path(folder) / name) for name in ("many", "one"))
        last = None
        for config in configs:
            if _set(many, config):
                last = config
        if last is not None:
            assert _set(one, last)
        assert tree(many) == tree(one)
        assert _set(many, [])
        assert tree(many) == tree(_strewn(Path(folder) / "none"))


def _strewn(root: Path) -> Path:
    (root / "d").mkdir(parents=True)
    (root / "f").write_text("installed")
    (root / "f").chmod(0o444)
    (root / "link").symlink_to("f")
    (root / "d/e").write_text("installed")
    return root


def _set(root: Path, config: list[Any]) -> bool:
    try:
        setup(product(config), place(root), context())
    except Trouble:
        return False
    return True


@pytest.mark.real
@pytest.mark.host
def test_a_full_disk_changes_nothing(tmp_path: Path, small_disk: Path) -> None:
    before = _alone(small_disk / "root", BEFORE)
    room = os.statvfs(small_disk)
    (small_disk / "fill").write_bytes(b"x" * ((room.f_bavail - 4) * room.f_frsize))
    many = product([row(f"/etc/{number}", "B" * 4096) for number in range(20)])
    with pytest.raises(Trouble, match="No space left"):
        setup(many, place(small_disk / "root"), context())
    assert tree(small_disk / "root") == before
    (small_disk / "fill").unlink()
    setup(AFTER, place(small_disk / "root"), context())
    assert tree(small_disk / "root") == _alone(tmp_path / "B", AFTER)


def test_two_that_want_one_path_at_once_do_not_both_get_it(memory: Path) -> None:
    taken: list[str] = []
    refused: list[Trouble] = []
    start = threading.Barrier(6)

    def work(number: int) -> None:
        start.wait()
        wanted = product([row("/etc/a", str(number))], cfgpath=str(number))
        try:
            setup(wanted, place(memory), context())
            taken.append(str(number))
        except Trouble as trouble:
            refused.append(trouble)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (memory / "etc/a").read_text() in taken
    assert (len(taken), len(refused)) == (1, 5)
    assert {trouble.code for trouble in refused} == {SETUP}


@pytest.mark.real
@pytest.mark.host
def test_what_lies_on_another_file_system_is_copied(tmp_path: Path) -> None:
    def work() -> None:
        root = tmp_path / "root"
        (root / "etc").mkdir(parents=True)
        subprocess.run(["mount", "-t", "tmpfs", "other", root / "etc"], check=True)
        (root / "etc/was").write_text("installed")
        before = tree(root)
        setup(product([row("/etc/was", "A", 0o4755), row("/etc/x", "")]), place(root), context())
        assert (root / "etc/was").stat().st_mode & 0o7777 == 0o4755
        (root / "etc/was").write_text("by hand")
        with pytest.raises(Trouble, match="status 1"):
            setup(product([row("/etc/was", "B")], ["false"]), place(root), context())
        assert (root / "etc/was").read_text() == "by hand"
        assert (root / "etc/x").exists()
        setup(product([]), place(root), context())
        (root / "etc/was.enve-save").unlink()
        assert tree(root) == before

    in_own_mounts(work)


def test_no_name_is_that_of_what_lies_beside_a_mark() -> None:
    assert laying.name("app", "") == "app"
    assert laying.name("app", "/etc/a") == "app@%2Fetc%2Fa"
    assert laying.name("app.lock", "") == "app%2Elock"
    assert laying.name("app", "x.new") == "app@x%2Enew"
    assert laying.name("app.new", "x") == "app.new@x"
    with pytest.raises(Bad):
        laying.name("app", "/" * 100)
