"""Look up, make, adopt: real folders, real locks, real processes."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.support.wait import until

from enve_fire.core.trouble import MISS, Trouble
from enve_fire.store import draft, members
from enve_fire.store.entry import Entry
from enve_fire.store.store import Store
from enve_fire.store.wanted import Wanted

REMOTE = Path(__file__).parents[3] / "remote"


def hello(out: str) -> None:
    Path(out, "hello").write_text("hello\n")


def never(out: str) -> None:
    raise AssertionError("made again")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.of({"ENVE_STORE": str(tmp_path / "store")})


def left(store: Store) -> list[str]:
    """Drafts, and what is being removed."""
    return [path.name for path in Path(store.first).glob("*/.*.*-*")]


def test_what_was_made_is_found(store: Store) -> None:
    wanted = Wanted("lua 5.4", "lua", "build", deps=("a" * 32 + "-zlib",))
    assert store.find(wanted) is None
    made = store.make(wanted, hello)
    assert Path(made.path, "hello").read_text() == "hello\n"
    assert made.path == f"{store.first}/root-build/{wanted.name}" or os.geteuid()
    assert store.make(wanted, never).path == made.path
    assert store.make(wanted, None).path == made.path
    found = made.meta()
    assert found["title"] == "lua" and found["deps"] == ["a" * 32 + "-zlib"]
    assert found["bytes"] == 6 and found["files"] == 1
    assert Path(made.beside("txt")).read_text() == "lua 5.4"
    assert left(store) == []


def test_without_a_method_a_miss_is_told(store: Store) -> None:
    with pytest.raises(Trouble) as told:
        store.make(Wanted("x"), None)
    assert told.value.code == MISS
    assert not Path(store.first).exists(), "to look makes nothing"


def test_files_are_closed_folders_are_not_and_setuid_stays(store: Store) -> None:
    def method(out: str) -> None:
        hello(out)
        Path(out, "bin").mkdir()
        Path(out, "bin/su").write_text("x")
        Path(out, "bin/su").chmod(0o4755)
        os.utime(Path(out, "bin/su"), (7, 7))

    path = Path(store.make(Wanted("x"), method).path)
    modes = [stat.S_IMODE((path / name).stat().st_mode) for name in ("", "hello", "bin", "bin/su")]
    assert modes == [0o755, 0o444, 0o755, 0o4555]
    assert (path / "bin/su").stat().st_mtime == 7, "times are free"


def test_what_may_change_stays_open(store: Store) -> None:
    made = store.make(Wanted("mirror", mutable=True), hello)
    with store.hold(Wanted("mirror", mutable=True)):
        Path(made.path, "hello").write_text("changed")
    assert made.meta()["mutable"] is True


def test_one_that_has_expired_is_replaced(store: Store) -> None:
    good = [True]
    wanted = Wanted("x", check=lambda path: good[0] and Path(path, "hello").exists())
    store.make(wanted, hello)
    assert store.make(wanted, never)
    good[0] = False
    assert store.find(wanted) is None

    def other(out: str) -> None:
        Path(out, "other").touch()

    made = store.make(wanted, other)
    assert [one.name for one in Path(made.path).iterdir()] == ["other"]
    assert left(store) == []


def test_a_lifetime_ends(store: Store) -> None:
    store.make(Wanted("x", ttl=100), hello)
    assert store.find(Wanted("x")), "until then it is there"
    assert store.find(Wanted("x", ttl=50))
    made = store.make(Wanted("y", ttl=1), hello)
    until(lambda: time.time() >= made.meta()["expires"], "the second to pass")
    assert store.find(Wanted("y")) is None, "by its own account, whoever asks"


def test_a_failure_is_kept_with_its_log(store: Store) -> None:
    wanted = Wanted("x", "lua", "build")
    older = store.make(Wanted("other", "lua", "build"), hello)

    def method(out: str) -> None:
        Path(draft.beside(out, draft.LOG)).write_text("no such compiler\n")
        raise Trouble(82, "it failed", log=draft.beside(out, draft.LOG))

    with pytest.raises(Trouble) as told:
        store.make(wanted, method)
    assert Path(told.value.log).read_text() == "no such compiler\n"
    assert "/.failed/" in told.value.log
    assert store.find(wanted) is None and Path(older.path).exists()
    assert left(store) == []
    store.make(wanted, hello)
    assert not Path(told.value.log).exists(), "a failure that was overcome is nobody's"


def test_log_and_facts_go_with_the_entry(store: Store) -> None:
    def method(out: str) -> None:
        hello(out)
        Path(draft.beside(out, draft.LOG)).write_text("compiled\n")
        draft.note(out, sandbox="bwrap")
        draft.note(out, jobs=2)

    made = store.make(Wanted("x"), method)
    assert Path(made.beside("log")).read_text() == "compiled\n"
    assert made.meta()["note"] == {"sandbox": "bwrap", "jobs": 2}


@pytest.mark.parametrize("leave", ["nothing", "a file", "a link"])
def test_what_is_no_folder_with_something_in_it_is_no_entry(store: Store, leave: str) -> None:
    def method(out: str) -> None:
        if leave != "nothing":
            Path(out).rmdir()
        if leave == "a file":
            Path(out).touch()
        if leave == "a link":
            Path(out).symlink_to("/etc")

    with pytest.raises(Trouble):
        store.make(Wanted("x"), method)
    assert store.find(Wanted("x")) is None


def test_what_needs_itself_is_told(store: Store) -> None:
    def method(out: str) -> None:
        store.make(Wanted("x"), hello)

    with pytest.raises(Trouble, match="needed to make itself"):
        store.make(Wanted("x"), method)


RACER = """
import os, sys, time
sys.path.insert(0, sys.argv[1])
from enve_fire.store.store import Store
from enve_fire.store.wanted import Wanted
def method(out):
    with open(sys.argv[2], "a") as log:
        log.write("%d\\n" % os.getpid())
    while os.path.exists(sys.argv[3]):
        time.sleep(0.01)
    open(out + "/done", "w").close()
print(Store.of(os.environ).make(Wanted("x", "lua", "build"), method,
      lambda line: print(line, file=sys.stderr, flush=True)).path)
"""


def racer(store: Store, log: Path, gate: Path) -> subprocess.Popen[str]:
    words = [sys.executable, "-I", "-S", "-c", RACER, str(REMOTE), str(log), str(gate)]
    environ = {**os.environ, "ENVE_STORE": store.first}
    pipe = subprocess.PIPE
    return subprocess.Popen(words, env=environ, stdout=pipe, stderr=pipe, text=True)


def test_of_eight_one_builds(store: Store, tmp_path: Path) -> None:
    log, gate = tmp_path / "log", tmp_path / "gate"
    gate.touch()
    racers = [racer(store, log, gate) for _ in range(8)]
    until(log.exists, "one to begin")
    gate.unlink()
    answers = {one.communicate(timeout=60)[0] for one in racers}
    assert len(answers) == 1 and Path(answers.pop().strip(), "done").exists()
    assert len(log.read_text().splitlines()) == 1
    assert left(store) == []


def test_where_the_winner_is_killed_another_builds(store: Store, tmp_path: Path) -> None:
    log, gate = tmp_path / "log", tmp_path / "gate"
    gate.touch()
    racers = [racer(store, log, gate) for _ in range(3)]
    until(log.exists, "one to begin")
    first = int(until(log.read_text, "its pid"))
    winner = next(one for one in racers if one.pid == first)
    racers.remove(winner)
    assert racers[0].stderr is not None
    line = racers[0].stderr.readline()
    assert line.startswith(f"waiting for pid {first}, which makes "), line
    winner.kill()
    winner.communicate()
    until(lambda: len(log.read_text().splitlines()) == 2, "another to begin")
    gate.unlink()
    answers = {one.communicate(timeout=60)[0] for one in racers}
    assert len(answers) == 1 and Path(answers.pop().strip(), "done").exists()
    assert len(log.read_text().splitlines()) == 2
    assert left(store) == []


def test_an_entry_has_a_path_a_name_and_a_catalog(store: Store) -> None:
    made = store.make(Wanted("x", "lua", "build"), hello)
    assert isinstance(made, Entry) and made.catalog == "build"
    assert made.path.endswith(made.name) and made.name.endswith("-lua")


def test_that_it_is_of_use_is_noted_once_an_hour(store: Store) -> None:
    made = store.make(Wanted("x"), hello)
    used = Path(made.shelf, ".used", made.name)
    now = time.time()
    for age, noted in ((60, False), (3700, True)):
        os.utime(used, (now - age, now - age))
        assert store.find(Wanted("x"))
        assert (used.stat().st_mtime > now - 30) == noted


def test_a_name_is_of_the_text_and_not_of_what_is_in_it(store: Store) -> None:
    one, other = (store.make(Wanted(text), hello) for text in ("a", "b"))
    assert one.name != other.name
    Path(one.path, "more").touch()
    found = store.find(Wanted("a"))
    assert found and found.path == one.path, "folders are not closed"


@pytest.mark.real
def test_files_may_be_anybodys(store: Store) -> None:
    def method(out: str) -> None:
        hello(out)
        os.chown(Path(out, "hello"), 1, 1)

    made = store.make(Wanted("x"), method)
    assert Path(made.path, "hello").stat().st_uid == 1
    assert store.find(Wanted("x"))


def test_times_are_those_that_were_made(store: Store) -> None:
    def method(out: str) -> None:
        hello(out)
        os.utime(Path(out, "hello"), (1_500_000_000, 1_500_000_000))

    made = store.make(Wanted("x"), method)
    assert Path(made.path, "hello").stat().st_mtime == 1_500_000_000


def test_a_store_that_was_moved_is_the_same(store: Store, tmp_path: Path) -> None:
    """Where it lies is in no hash."""
    made = store.make(Wanted("x", "lua", "build"), hello)
    known = made.meta()
    moved = Store.of({"ENVE_STORE": str(Path(store.first).rename(tmp_path / "moved"))})
    found = moved.make(Wanted("x", "lua", "build"), None)
    assert found.path == made.path.replace(store.first, moved.first)
    assert found.meta() == known != {}


@pytest.mark.parametrize(
    ("mode", "counts"), [(0o1777, True), (0o777, False), (0o755, False), (None, False)]
)
def test_the_machines_store_is_one_that_its_administrator_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: int | None, counts: bool
) -> None:
    shared = tmp_path / "shared"
    monkeypatch.setattr(members, "SHARED", str(shared))
    if mode is not None:
        shared.mkdir()
        shared.chmod(mode)
    own = "/home/x/.cache/enve/store"
    assert Store.of({"HOME": "/home/x"}).first == (str(shared) if counts else own)
    assert Store.of({"HOME": "/home/x", "ENVE_STORE": "/a"}).first == "/a"


@pytest.mark.parametrize("text", ["", "\udcff", "x" * (16 << 20) + "x"])
def test_a_text_that_is_none(text: str) -> None:
    with pytest.raises(Trouble) as told:
        Wanted(text)
    assert told.value.code == 64


@pytest.mark.parametrize("catalog", ["build-0", "private", "private-x", "a/b", "", ".x", "-x"])
def test_a_catalog_that_would_be_another(catalog: str) -> None:
    with pytest.raises(Trouble):
        Wanted("x", "x", catalog)


@pytest.mark.parametrize("title", ["a/b", "..", "-x", "", "x" * 65, "a b"])
def test_a_title_that_is_none(title: str) -> None:
    with pytest.raises(Trouble):
        Wanted("x", title)


def test_nobody_else_writes_in_the_folders_of_an_entry(store: Store) -> None:
    """He would change what others believe because of who owns it."""

    def wide(out: str) -> None:
        for name, mode in (("a", 0o777), ("b", 0o1777), ("c", 0o2770)):
            Path(out, name).mkdir()
            Path(out, name, "x").write_text("x")
            Path(out, name).chmod(mode)
        Path(out).chmod(0o777)

    made = Path(store.make(Wanted("x"), wide).path)
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (made, *sorted(made.iterdir()))]
    assert modes == [0o755, 0o755, 0o1777, 0o2750]
    kept = Path(store.make(Wanted("y", mutable=True), wide).path)
    assert stat.S_IMODE((kept / "a").stat().st_mode) == 0o777
