"""Collecting in a real store."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import time
from pathlib import Path

import pytest
from tests.fire.store.conftest import Verb

from enve_fire.core.trouble import Trouble
from enve_fire.store.collect import Collector
from enve_fire.store.collection import DAY
from enve_fire.store.entry import Entry
from enve_fire.store.keeping import Keeping
from enve_fire.store.store import Store
from enve_fire.store.wanted import Wanted
from enve_pm.core.canonical import dumps, loads


def filled(store: Store, text: str, age: float = 0, size: int = 1000, **keys: object) -> Entry:
    """An entry that was made and asked for so long ago, in days."""

    def method(out: str) -> None:
        Path(out, "data").write_bytes(b"x" * size)

    made = store.make(Wanted(text, text, **keys), method)  # type: ignore[arg-type]
    backdate(made, age)
    return made


def backdate(made: Entry, age: float) -> None:
    then = int(time.time() - age * DAY)
    path = Path(made.beside("json"))
    path.write_bytes(dumps({**loads(path.read_bytes()), "made": then}) + b"\n")
    used = Path(made.shelf, ".used", made.name)
    if used.exists():
        os.utime(used, (then, then))


def left(store: Store) -> set[str]:
    return {path.name[33:] for path in Path(store.first).glob("*/*-*") if path.name[0] != "."}


def test_the_least_recent_go(store: Store, verb: Verb) -> None:
    for text, age in (("new", 0.5), ("old", 5), ("older", 9)):
        filled(store, text, age)
    told = verb("gc", "--max-size", "2K", "--dry-run").stdout
    assert told.endswith("1 entry would go: 1.0K; 2.0K stay\n")
    assert left(store) == {"new", "old", "older"}
    done = json.loads(verb("gc", "--max-size", "2000", "-o", "json").stdout)
    assert done["bytes"] == 1000 and done["left"] == 2000
    assert left(store) == {"new", "old"}
    done = verb("gc", "--max-size", "0").stdout
    assert left(store) == {"new"}, "it was of use today"
    assert done.splitlines()[-1].startswith("  1.0K of use within a day")


def test_nothing_is_left_of_what_went(store: Store, verb: Verb) -> None:
    made = filled(store, "old", 5)
    store.find(Wanted("old", "old"))
    backdate(made, 5)
    assert verb("gc", "--older", "4d").returncode == 0
    assert [path for path in Path(made.shelf).rglob("*") if path.is_file()] == []


def test_roots_keep_with_all_that_they_need(store: Store, verb: Verb, tmp_path: Path) -> None:
    inner = filled(store, "inner", 9)
    outer = filled(store, "outer", 9, deps=(inner.name,))
    filled(store, "alone", 9)
    here = tmp_path / "here"
    here.touch()
    assert verb("keep", outer.name, "--as", "spot web", "--while", str(here)).returncode == 0
    why = verb("gc", "--why", "inner").stdout
    assert f"root spot web: {outer.name} -> {inner.name}" in why
    table = verb("gc", "--roots").stdout
    assert "spot web" in table and "2.0K" in table
    assert "  2.0K kept by roots (store gc --roots" in verb("gc", "--max-size", "0").stdout
    assert left(store) == {"inner", "outer"}
    here.unlink()
    assert verb("gc", "--why", "inner").stdout.splitlines()[1].startswith("  nothing keeps it")
    verb("gc", "--max-size", "0")
    assert left(store) == set()


def test_a_root_is_dropped(store: Store, verb: Verb) -> None:
    made = filled(store, "x", 9)
    Keeping(store).put("me", made)
    Keeping(store).put("me", made)
    assert Keeping(store).drop("me") and not Keeping(store).drop("me")
    assert verb("drop", "me").returncode == 64
    assert f'"name":"{made.name}"' in verb("meta", "x").stdout
    assert "no entry is in the catalog nope; it has:" in verb("list", "--catalog", "nope").stderr
    for word in ("path", "meta", "keep", "verify"):
        assert verb(word, "nope").returncode == 87
    with pytest.raises(Trouble):
        Keeping(store).put("", made)


def test_a_root_cannot_leave_its_folder(store: Store) -> None:
    made = filled(store, "x", 9)
    Keeping(store).put("../../escape", made)
    assert [path.name for path in Path(made.shelf, ".roots").iterdir()] == ["%2E.%2F..%2Fescape"]
    assert [root.name for root in Collector(store).roots] == ["../../escape"]


def test_what_is_locked_stays(store: Store, verb: Verb) -> None:
    filled(store, "x", 9)
    with store.hold(Wanted("x", "x")):
        assert "somebody holds its lock" in verb("gc", "--why", "x").stdout
        assert "0 entries would go" in verb("gc", "--max-size", "0", "--dry-run").stdout
        verb("gc", "--max-size", "0")
        assert left(store) == {"x"}
    verb("gc", "--max-size", "0")
    assert left(store) == set()


@pytest.mark.parametrize("how", ["cwd", "environment", "word"])
def test_what_a_process_uses_stays(store: Store, verb: Verb, how: str) -> None:
    made = filled(store, "x", 9)
    words = ["sh", "-c", "echo; read line", made.path if how == "word" else "sh"]
    pipe = subprocess.PIPE
    env = {**os.environ, "ROOT": made.path if how == "environment" else ""}
    cwd = made.path if how == "cwd" else None
    with subprocess.Popen(
        words, stdin=pipe, stdout=pipe, cwd=cwd, env={**os.environ, **env}
    ) as one:
        assert one.stdout and one.stdout.readline()
        assert f"process {one.pid} uses it" in verb("gc", "--why", "x").stdout
        assert "0 entries would go" in verb("gc", "--max-size", "0", "--dry-run").stdout
        verb("gc", "--max-size", "0")
        assert left(store) == {"x"}
        one.communicate(b"\n")
    verb("gc", "--max-size", "0")
    assert left(store) == set()


def test_a_root_of_a_private_entry_is_hidden_too(store: Store) -> None:
    made = filled(store, "x", private=True)
    Keeping(store).put("r", Entry(made.shelf, made.name, made.catalog))
    assert list(Path(store.first).rglob("r")) == [Path(made.shelf, ".roots/r")]


def test_what_a_locked_one_needs_stays(store: Store, verb: Verb) -> None:
    inner = filled(store, "inner", 9)
    filled(store, "outer", 9, deps=(inner.name,))
    with store.hold(Wanted("outer", "outer")):
        verb("gc", "--max-size", "0")
        assert left(store) == {"inner", "outer"}


def test_it_happens_by_itself_where_a_write_crosses_the_limit(tmp_path: Path) -> None:
    environ = {"ENVE_STORE": str(tmp_path / "store"), "ENVE_STORE_LIMIT": "2500"}
    store = Store.of(environ)
    filled(store, "old", 9)
    filled(store, "older", 10)
    assert left(store) == {"old", "older"}
    told: list[str] = []

    def method(out: str) -> None:
        Path(out, "data").write_bytes(b"y" * 1000)

    store.make(Wanted("new", "new"), method, told.append)
    assert left(store) == {"old", "new"}
    assert told[-1] == "the store was full: 1 entry went, 1.0K"


def test_failures_and_drafts_of_the_dead_go_after_a_day(store: Store, verb: Verb) -> None:
    def fail(out: str) -> None:
        raise Trouble(82, "no")

    with pytest.raises(Trouble):
        store.make(Wanted("x"), fail)
    made = filled(store, "y")
    failed = next(Path(made.shelf, ".failed").iterdir())
    dead = Path(made.shelf, ".tmp.4194304.00-" + made.name)
    young = Path(made.shelf, ".tmp.4194304.01-" + made.name)
    dead.mkdir()
    young.mkdir()
    then = time.time() - 2 * DAY
    os.utime(dead, (then, then))
    verb("gc")
    assert failed.exists() and young.exists() and not dead.exists()
    os.utime(failed, (then, then))
    verb("gc")
    assert not failed.exists()


def test_one_that_is_asked_for_meanwhile_stays(store: Store) -> None:
    filled(store, "x", 9)
    collector = Collector(store)
    doomed = collector.doomed(0, None)
    assert len(doomed) == 1
    assert store.find(Wanted("x", "x"))
    assert collector.run(doomed) == []
    assert left(store) == {"x"}


def test_of_two_collectors_one_takes_it_and_the_other_goes_on(store: Store) -> None:
    filled(store, "old", 5)
    filled(store, "older", 9)
    one, other = Collector(store), Collector(store)
    assert len(one.run(one.doomed(0, None)[:1])) == 1
    assert [item.entry.name[33:] for item in other.run(other.doomed(0, None))] == ["old"]
    assert one.run(one.doomed(0, None)) == []


def test_a_lock_that_was_removed_is_nobodys(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a collector renames away what somebody makes under the lock that is there now."""
    old = filled(store, "old", 5)
    lock, real = Path(old.shelf, ".lock", old.name), fcntl.flock
    collector = Collector(store)

    def flock(handle: int, how: int) -> None:
        real(handle, how)
        lock.unlink(missing_ok=True)
        lock.touch()  # and a maker holds that

    monkeypatch.setattr(fcntl, "flock", flock)
    assert collector.run(collector.doomed(0, None)) == []
    assert left(store) == {"old"}


def test_a_mutable_one_has_the_size_that_it_has_now(store: Store, verb: Verb) -> None:
    made = filled(store, "mirror", 9, mutable=True)
    Path(made.path, "more").write_bytes(b"y" * 5000)
    listed = json.loads(verb("list", "-o", "json").stdout)["entries"]
    assert [one["bytes"] for one in listed] == [6000]
    Path(made.path, "data").write_text("changed")
    assert verb("verify").returncode == 0, "what may change is not compared"


def test_verify_tells_what_differs(store: Store, verb: Verb) -> None:
    made = filled(store, "x")
    assert verb("verify").stdout == "1 entry as made, 0 not noted\n"
    Path(made.path, "data").chmod(0o644)
    Path(made.path, "more").touch()
    done = verb("verify", "x")
    assert done.returncode == 3
    assert {line.rpartition("/")[2] for line in done.stdout.splitlines()} == {
        "data: mode 644, not 444",
        "more: was not there",
    }
    done = verb("verify", "-o", "json")
    document = json.loads(done.stdout)
    assert (done.returncode, document["wrong"]) == (3, 1)
    [entry] = document["entries"]
    found = [(one["path"], one["how"]) for one in entry["differences"]]
    assert (entry["noted"], found) == (True, [("data", "mode"), ("more", "extra")])
