"""Killed at any step, on a full disk, without locks: the store stays correct."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support import injector
from tests.support.killed import at_every_step
from tests.support.wait import until

from enve_fire.core.trouble import Trouble
from enve_fire.store import draft, inuse
from enve_fire.store.collect import Collector
from enve_fire.store.collection import DAY
from enve_fire.store.store import Store
from enve_fire.store.wanted import Wanted
from enve_pm.core.canonical import dumps, loads

MAIN = Path(__file__).parents[3] / "remote" / "enve_fire" / "__main__.py"
FILES = {"bin/a": "A", "b": "B"}


@pytest.fixture
def store() -> Iterator[Store]:
    """On a disk that takes no time: many things are done there."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        yield Store.of({"ENVE_STORE": folder + "/store"})


def fill(out: str) -> None:
    Path(out, "bin").mkdir()
    for name, text in FILES.items():
        Path(out, name).write_text(text)
    Path(draft.beside(out, draft.LOG)).write_text("log")


def whole(path: str) -> bool:
    return all(Path(path, name).read_text() == text for name, text in FILES.items())


def left(store: Store) -> list[Path]:
    return [path for kind in (".tmp.*", ".old.*") for path in Path(store.first).glob("*/" + kind)]


def test_killed_at_any_step_of_making(store: Store) -> None:
    wanted = Wanted("x", "x", "build", ttl=1000)
    seen = set()
    for _ in at_every_step(lambda: store.make(wanted, fill)):
        found = store.find(wanted)
        seen.add(bool(found))
        if found:
            assert whole(found.path) and found.meta()["files"] == 2 and not found.meta()["note"]
        made = store.make(wanted, fill)
        assert whole(made.path) and made.meta()["expires"]
        assert Path(made.beside("log")).read_text() == "log"
        if not found:
            assert left(store) == []
        draft.remove(store.first)
    assert seen == {False, True}


def test_killed_at_any_step_of_replacing(store: Store) -> None:
    def old(out: str) -> None:
        Path(out, "old").write_text("old")

    good = Wanted("x", check=lambda path: not Path(path, "old").exists())
    seen = set()
    store.make(Wanted("x"), old)
    for _ in at_every_step(lambda: store.make(good, fill)):
        found = store.find(Wanted("x"))
        new = bool(found) and not Path(found.path, "old").exists() if found else None
        seen.add(new)
        if found and new:
            assert whole(found.path) and found.meta()["files"] == 2
        if found and not new:
            assert found.meta()["files"] == 1, "what is known of it is not yet of the new one"
        assert whole(store.make(good, fill).path)
        draft.remove(store.first)
        store.make(Wanted("x"), old)
    assert {False, True} <= seen


def test_killed_at_any_step_of_collecting(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inuse, "users", lambda folder: {})  # to look at others changes nothing

    def two() -> None:
        inner = store.make(Wanted("inner"), fill)
        outer = store.make(Wanted("outer", deps=(inner.name,)), fill)
        for made in (inner, outer):
            path = Path(made.beside("json"))
            path.write_bytes(dumps({**loads(path.read_bytes()), "made": 1}) + b"\n")
            os.utime(Path(made.shelf, ".used", made.name), (1, 1))

    def work() -> None:
        collector = Collector(store)
        collector.run(collector.doomed(0, None))

    two()
    for _ in at_every_step(work):
        for text in ("inner", "outer"):
            found = store.find(Wanted(text))
            assert not found or (whole(found.path) and found.meta()["files"] == 2)
        assert not store.find(Wanted("outer")) or store.find(Wanted("inner")), "in that order"
        for path in left(store):
            os.utime(path, (0, 0))
        work()
        assert left(store) == []
        draft.remove(store.first)
        two()
    work()
    assert store.find(Wanted("inner")) is None


def test_on_a_full_disk_it_is_told_and_the_older_stays(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "small", str(disk)], check=True)
    try:
        store = Store.of({"ENVE_STORE": f"{disk}/store"})
        older = store.make(Wanted("older"), fill)

        def much(out: str) -> None:
            Path(draft.beside(out, draft.LOG)).write_text("filling")
            Path(out, "much").write_bytes(bytes(2 << 20))

        with pytest.raises(Trouble, match="no space is left"):
            store.make(Wanted("x"), much)
        assert store.find(Wanted("x")) is None and whole(older.path)
        failed = next(Path(older.shelf, ".failed").iterdir())
        assert [path.name for path in failed.iterdir()] == ["log"], "what it wrote is gone"
        assert whole(store.make(Wanted("x"), fill).path), "there is room again"
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_a_shelf_on_a_disk_with_room_is_taken(store: Store, tmp_path: Path) -> None:
    first = store.make(Wanted("first"), fill)
    disk = Path(first.shelf + "-1")
    disk.mkdir(mode=0o755)
    words = ["mount", "-t", "tmpfs", "-o", "size=4g,mode=755", "big", str(disk)]
    small = ["mount", "-t", "tmpfs", "-o", "size=1m,mode=755", "small", first.shelf]
    subprocess.run(words, check=True)
    subprocess.run(small, check=True)
    try:
        made = store.make(Wanted("second"), fill)
        assert made.shelf == str(disk)
        assert store.find(Wanted("second")), "and found there"
        collector = Collector(store)
        assert [item.entry.name for item in collector.items.values()] == [made.name]
    finally:
        subprocess.run(["umount", str(disk), first.shelf], check=True)


@pytest.mark.strace
@pytest.mark.skipif(bool(injector.refusal()), reason=injector.refusal())
def test_without_locks_the_first_to_rename_wins(store: Store, tmp_path: Path) -> None:
    """Every flock fails as on a file system that has none."""
    wait = f"while [ -e {tmp_path}/gate ]; do sleep 0.02; done"
    line = f"echo x >> {tmp_path}/log; {wait}; echo $$ > $OUT/pid"
    (tmp_path / "gate").touch()
    strace = ["strace", "-qq", "-f", "-o", "/dev/null", "-e", "trace=flock"]
    inject = ["-e", "inject=flock:error=ENOLCK"]
    words = [sys.executable, "-I", "-S", str(MAIN), "store", "get", "--", line]
    env = {**os.environ, "ENVE_STORE": store.first}
    pipe = subprocess.PIPE
    racers = [
        subprocess.Popen([*strace, *inject, *words], env=env, stdout=pipe, text=True)
        for _ in range(3)
    ]
    try:
        log = tmp_path / "log"
        until(lambda: log.exists() and len(log.read_text().split()) == 3, "all three to make it")
        (tmp_path / "gate").unlink()
        answers = {one.communicate(timeout=60)[0] for one in racers}
    finally:
        for one in racers:
            one.kill()
            one.wait()
    assert len(answers) == 1
    assert Path(answers.pop().strip(), "pid").read_text()
    assert left(store) == []


def test_a_maker_that_is_ended_leaves_no_draft(store: Store, tmp_path: Path) -> None:
    line = f"touch {tmp_path}/begun; sleep 100"
    words = [sys.executable, "-I", "-S", str(MAIN), "store", "get", "--", line]
    env = {**os.environ, "ENVE_STORE": store.first}
    with subprocess.Popen(words, env=env, stderr=subprocess.PIPE) as maker:
        until((tmp_path / "begun").exists, "it to begin")
        maker.send_signal(signal.SIGTERM)
        assert maker.wait(30) == 128 + signal.SIGTERM
    assert left(store) == []


def test_days_pass_before_a_draft_goes_without_a_lock(store: Store) -> None:
    shelf = Path(store.make(Wanted("x"), fill).shelf)
    name = Wanted("y").name
    for pid, age in ((1, 9), (4194304, 9), (4194304, 0)):
        path = shelf / f".tmp.{pid}.{age:02}-{name}"
        path.mkdir()
        os.utime(path, (path.stat().st_mtime - age * DAY,) * 2)
    draft.sweep(str(shelf), name, locked=False)
    assert {path.name for path in left(store)} == {f".tmp.1.09-{name}", f".tmp.4194304.00-{name}"}


def test_who_looks_while_it_is_replaced_finds_the_old_or_the_new(store: Store) -> None:
    again = Wanted("x", check=lambda path: False)
    store.make(Wanted("x"), fill)
    pid = os.fork()
    if not pid:
        try:
            for _ in range(100):
                store.make(again, fill)
        finally:
            os._exit(0)
    looks = 0
    while os.waitpid(pid, os.WNOHANG) == (0, 0):
        assert store.find(Wanted("x")), looks
        looks += 1
    assert looks > 100
