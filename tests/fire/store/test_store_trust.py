"""Root and ordinary users in one store: who owns a thing decides, not what it is called."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.fire.store.conftest import AS_DAEMON, Verb

from enve_fire.core.trouble import FAILED, Trouble
from enve_fire.store.keeping import Keeping
from enve_fire.store.store import Store
from enve_fire.store.wanted import Wanted

AS_GAMES = tuple(word.replace("daemon", "games") for word in AS_DAEMON)
pytestmark = pytest.mark.real
X = Wanted("text of x", "x", "build")
GET = ("get", "--text", X.text, "--title", "x", "--catalog", "build")


@pytest.fixture
def store() -> Iterator[Store]:
    """One as an administrator makes it, where everybody gets to it."""
    folder = Path(tempfile.mkdtemp(prefix="store-"))
    folder.chmod(0o755)
    (folder / "store").mkdir()
    (folder / "store").chmod(0o1777)
    yield Store.of({"ENVE_STORE": str(folder / "store")})
    shutil.rmtree(folder)


def hello(out: str) -> None:
    Path(out, "who").write_text(str(os.geteuid()))


def sh(who: tuple[str, ...], line: str, store: Store) -> subprocess.CompletedProcess[str]:
    words = [*who, "/bin/sh", "-c", line]
    return subprocess.run(words, cwd=store.first, capture_output=True, text=True, check=False)


def plant(store: Store, *folders: str) -> None:
    for folder in folders:
        line = f"mkdir -p {folder}/{X.name} && echo evil > {folder}/{X.name}/who"
        assert sh(AS_DAEMON, line, store).returncode == 0


def test_what_another_user_planted_is_ignored(store: Store) -> None:
    plant(store, "root-build", "build", "build-0")
    assert store.find(X) is None
    made = store.make(X, hello)
    assert made.path == f"{store.first}/root-build-0/{X.name}"
    assert Path(made.path, "who").read_text() == "0"
    assert store.find(X) is not None


SHARDS = ("", "-0", "-1", "-2", "-3")


def test_root_is_not_kept_out_by_who_takes_its_names(store: Store) -> None:
    plant(store, *(f"root-build{shard}" for shard in SHARDS))
    made = store.make(X, hello)
    assert made.path == f"{store.first}/root-build/{X.name}"
    assert Path(made.path, "who").read_text() == "0"
    (aside,) = Path(store.first).glob(".aside-*")
    assert (aside / X.name / "who").read_text() == "evil\n"
    assert sh(AS_DAEMON, "mkdir root-build", store).returncode != 0


def test_where_every_name_is_taken_that_is_told(store: Store, verb: Verb) -> None:
    for shard in SHARDS:
        Path(store.first, f"daemon-build{shard}").mkdir()
    done = verb(*GET, "--", "true", who=AS_DAEMON)
    assert (done.returncode, "root removes them" in done.stderr) == (FAILED, True), done.stderr


def test_what_root_made_is_for_all_and_what_a_user_made_is_his(store: Store, verb: Verb) -> None:
    his = verb(*GET, "--", "id -u > $OUT/who", who=AS_DAEMON)
    assert his.returncode == 0, his.stderr
    assert his.stdout == f"{store.first}/daemon-build/{X.name}\n"
    assert store.find(X) is None, "root does not take what a user made"
    made = store.make(X, hello)
    again = verb(*GET, who=AS_GAMES)
    assert again.stdout.strip() == made.path, again.stderr
    assert verb(*GET, who=AS_DAEMON).stdout == his.stdout, "his own come first"
    names = verb("list", who=AS_GAMES).stdout
    assert names.count(X.name) == 1, "others' are not even listed"


def test_how_large_one_is_that_its_owner_has_shut_is_what_its_meta_says(
    store: Store, verb: Verb
) -> None:
    def method(out: str) -> None:
        Path(out, "own").mkdir(mode=0o700)
        Path(out, "own/file").write_text("x" * 100)

    store.make(Wanted("x", "large", mutable=True), method)
    said = verb("list", "-o", "json", who=AS_DAEMON).stdout
    assert [one["bytes"] for one in json.loads(said)["entries"]] == [100]


def test_nobody_waits_for_what_root_was_killed_over(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = store.make(X, hello)
    shutil.rmtree(made.path)
    os.utime(made.shelf, (0, time.time() - 60))

    def sleep(_: float) -> None:
        raise AssertionError("somebody waits")

    monkeypatch.setattr(time, "sleep", sleep)
    his = Store.of({"ENVE_STORE": store.first}, uid=1)
    assert his.find(X) is None


def test_nothing_of_a_private_entry_is_read_by_others(store: Store, verb: Verb) -> None:
    done = verb(*GET, "--private", "--", "echo key > $OUT/secret", who=AS_DAEMON)
    path = Path(done.stdout.strip())
    assert path.parent.name == "daemon-private-build" and (path / "secret").exists()
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert not Path(path.parent, ".meta", X.name + ".txt").read_bytes(), "the text is not kept"
    for what in (path / "secret", path, path.parent, path.parent / ".meta"):
        refused = sh(AS_GAMES, f"ls {what} || cat {what}", store)
        assert refused.returncode and "Permission denied" in refused.stderr, what
    seen = sh(AS_GAMES, "find . ; true", store)
    assert X.name not in seen.stdout + seen.stderr
    assert X.name not in verb("list", who=AS_GAMES).stdout
    assert verb(*GET, "--private", who=AS_GAMES).returncode == 87
    assert verb(*GET, "--private").returncode == 87, "root has its own"


def test_private_and_public_never_meet(store: Store, verb: Verb) -> None:
    public = store.make(X, hello)
    private = Wanted("text of x", "x", "build", private=True)
    assert store.find(private) is None
    made = store.make(private, hello)
    assert made.path != public.path and "/root-private-build/" in made.path
    shutil.rmtree(public.path)
    assert store.find(X) is None
    assert verb(*GET, "--private", who=AS_DAEMON).returncode == 87, "root's are root's alone"


def test_a_private_folder_that_others_can_enter_is_none(store: Store) -> None:
    private = Wanted("text of x", "x", "build", private=True)
    made = store.make(private, hello)
    Path(made.shelf).chmod(0o755)
    assert store.find(private) is None


def test_in_a_sticky_folder_each_thing_is_judged(store: Store) -> None:
    shelf = Path(store.first, "root-build")
    shelf.mkdir()
    shelf.chmod(0o1777)
    plant(store, "root-build")
    assert store.find(X) is None
    ours = Wanted("other", "y", "build")
    assert store.make(ours, hello).path == f"{shelf}/{ours.name}"


@pytest.mark.parametrize("inner", [".lock", ".meta", ".used"])
def test_a_planted_link_in_a_sticky_folder_is_not_followed(store: Store, inner: str) -> None:
    shelf = Path(store.first, "root-build")
    shelf.mkdir()
    shelf.chmod(0o1777)
    target = Path(store.first, "target")
    target.mkdir()
    assert sh(AS_DAEMON, f"ln -s {target} root-build/{inner}", store).returncode == 0
    with pytest.raises(Trouble, match="another user's"):
        store.make(X, hello)
    assert list(target.iterdir()) == []


def test_nobody_else_can_hold_a_lock(store: Store) -> None:
    with store.hold(X):
        assert sh(AS_DAEMON, f"flock root-build/.lock/{X.name} true", store).returncode != 0
        assert sh(AS_DAEMON, "ls root-build/.lock", store).returncode != 0


@pytest.mark.parametrize("mode", [0o777, 0o775])
def test_a_store_where_others_could_rename_is_refused(store: Store, mode: int) -> None:
    Path(store.first).chmod(mode)
    with pytest.raises(Trouble, match="cannot rename") as told:
        store.make(X, hello)
    assert told.value.code == FAILED


def test_root_is_not_led_through_folders_of_others(store: Store) -> None:
    assert sh(AS_DAEMON, "mkdir -p his/store", store).returncode == 0
    os.chown(f"{store.first}/his/store", 0, 0)
    with pytest.raises(Trouble, match="another user's"):
        Store.of({"ENVE_STORE": f"{store.first}/his/store"}).make(X, hello)


def test_a_link_is_no_folder_of_a_store(store: Store) -> None:
    real = Path(store.first, "elsewhere")
    real.mkdir()
    Path(store.first, "root-build").symlink_to(real)
    made = store.make(X, hello)
    assert made.shelf == f"{store.first}/root-build-0" and list(real.iterdir()) == []


def test_a_shard_is_read_and_a_folder_without_a_user_is_shared(store: Store, verb: Verb) -> None:
    made = store.make(X, hello)
    for name in ("root-build-2", "build-1"):
        Path(made.shelf).rename(Path(store.first, name))
        made.shelf = str(Path(store.first, name))
        found = verb(*GET, who=AS_GAMES)
        assert found.stdout == f"{store.first}/{name}/{X.name}\n", found.stderr


def test_members_behind_the_first_are_read_only(store: Store, tmp_path: Path) -> None:
    made = store.make(X, hello)
    both = Store.of({"ENVE_STORE": f"{tmp_path}/first:{tmp_path}/none:{store.first}"})
    found = both.find(X)
    assert found is not None and found.path == made.path
    other = both.make(Wanted("other"), hello)
    assert other.path.startswith(f"{tmp_path}/first/root-any/")
    Keeping(both).put("r", found)
    assert not list(Path(store.first).rglob("r"))
