"""Blobs: from a stream, and out of an inbox where everybody may write."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from tests.node.trust import forge
from tests.node.trust.bench import Bench, Keys
from tests.node.trust.brittle import Brittle
from tests.support.child import branch

from enve_pm.core.digest import LARGE
from enve_pm.shell.product import store as stores
from enve_pm.shell.product.ingest import read_answer
from enve_pm.shell.product.store import Entry, NotTaken, Store, surplus, take, tidy
from enve_pm.shell.state.disk import Disk

DATA = b"product\n" * 1000
SHA = sha256(DATA).hexdigest()


class Folders:
    def __init__(self, path: Path) -> None:
        self.inbox, self.store = path / "inbox", path / "store"
        for one in (self.inbox, self.store):
            one.mkdir()
        self.fds = [os.open(one, os.O_RDONLY) for one in (self.inbox, self.store)]

    def take(self, name: str = SHA, size: int = len(DATA)) -> None:
        take(self.fds[0], self.fds[1], name, size)


@pytest.fixture
def folders(tmp_path: Path) -> Iterator[Folders]:
    made = Folders(tmp_path)
    yield made
    for fd in made.fds:
        os.close(fd)


def test_a_good_file_is_copied_and_leaves_the_inbox(folders: Folders) -> None:
    (folders.inbox / SHA).write_bytes(DATA)
    folders.take()
    assert (folders.store / SHA).read_bytes() == DATA
    assert list(folders.inbox.iterdir()) == []
    assert (folders.store / SHA).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("size", [LARGE - 1, LARGE])
def test_large_ones_are_hashed_too(size: int, folders: Folders) -> None:
    data = b"x" * size
    name = sha256(data).hexdigest()
    (folders.inbox / name).write_bytes(data)
    folders.take(name, size)
    assert (folders.store / name).stat().st_size == size
    (folders.inbox / SHA).write_bytes(data)
    with pytest.raises(NotTaken, match="has another hash"):
        folders.take(SHA, size)


def link(path: Path) -> None:
    (path / SHA).symlink_to("/etc/passwd")


def hard_link(path: Path) -> None:
    (path / "other").write_bytes(DATA)
    (path / SHA).hardlink_to(path / "other")


BAD: dict[str, Callable[[Path], object]] = {
    "missing": lambda path: None,
    "has another hash": lambda path: (path / SHA).write_bytes(DATA[:-1] + b"x"),
    "not 8000": lambda path: (path / SHA).write_bytes(DATA + b"x"),
    "bytes, not 8000": lambda path: (path / SHA).write_bytes(DATA[:-1]),
    "not a regular file": lambda path: os.mkfifo(path / SHA),
    "a regular file": lambda path: (path / SHA).mkdir(),
    "regular file": link,
    "links": hard_link,
}


@pytest.mark.parametrize("why", BAD)
def test_what_is_not_taken(why: str, folders: Folders) -> None:
    BAD[why](folders.inbox)
    with pytest.raises(NotTaken, match=why):
        folders.take()
    assert list(folders.store.iterdir()) == []
    assert not (folders.inbox / SHA).is_file()


class Shifting:
    """A file that changes between two reads."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
        self.real, self.act, self.count = os.read, act, 0
        monkeypatch.setattr(stores, "PIECE", 1000)
        monkeypatch.setattr(os, "read", self.read)

    def read(self, fd: int, size: int) -> bytes:
        self.count += 1
        if self.count == 3:
            self.act()
        return self.real(fd, size)


def grow(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"more")


CHANGES: dict[str, Callable[[Path], object]] = {
    "shorter": lambda path: os.truncate(path, 10),
    "longer": grow,
    "another hash": lambda path: path.write_bytes(b"x" * len(DATA)),
}


@pytest.mark.parametrize("why", CHANGES)
def test_a_file_that_changes_while_it_is_read(
    why: str, folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folders.inbox / SHA).write_bytes(DATA)
    Shifting(monkeypatch, lambda: CHANGES[why](folders.inbox / SHA))
    with pytest.raises(NotTaken, match=why):
        folders.take()
    assert list(folders.store.iterdir()) == []


def test_a_name_that_is_swapped_while_it_is_read_makes_no_difference(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folders.inbox / SHA).write_bytes(DATA)
    (folders.inbox / "evil").write_bytes(b"x" * len(DATA))
    Shifting(monkeypatch, lambda: (folders.inbox / "evil").rename(folders.inbox / SHA))
    folders.take()
    assert (folders.store / SHA).read_bytes() == DATA


def test_surplus_by_age_and_by_quota() -> None:
    entries = [Entry(f"{n}", 10, 1000 + n) for n in range(6)]
    assert surplus(entries, 1010, 1000, 100) == []
    assert surplus(entries, 1103, 1000, 100) == ["2", "1", "0"]
    assert surplus(entries, 1010, 35, 100) == ["2", "1", "0"]
    assert surplus([], 0, 0, 0) == []


def test_tidy(folders: Folders) -> None:
    for number in range(4):
        (folders.inbox / f"{number}").write_bytes(bytes(5000))
        os.utime(folders.inbox / f"{number}", (1000 + number, 1000 + number))
    (folders.inbox / "folder").mkdir()
    (folders.inbox / "link").symlink_to("/etc/passwd")
    tidy(folders.fds[0], 1003, 17_000)
    left = {one.name for one in folders.inbox.iterdir()}
    assert left == {"2", "3", "folder", "link"}


def test_the_child(folders: Folders) -> None:
    (folders.inbox / SHA).write_bytes(DATA)
    other = sha256(b"b").hexdigest()
    (folders.inbox / other).write_bytes(b"c")
    rows = f"{SHA} {len(DATA)}\n{other} 1\n{'0' * 64} 5\n"
    done = branch("ingest", str(folders.inbox), str(folders.store), 100_000, rows=rows.encode())
    assert read_answer(done.stdout) == {
        SHA: "ok",
        other: "its content has another hash",
        "0" * 64: "missing",
    }
    assert branch("ingest", "/nowhere", str(folders.store), 1).returncode == 1


def test_the_store(folders: Folders) -> None:
    store = Store(Disk(), str(folders.store))
    (folders.store / ".left").write_bytes(b"")
    store.load()
    one, two, three = (sha256(data).hexdigest() for data in (b"1", b"2", b"3"))
    store.add([b"1", b"2", b"3"], {one: 1, two: 1})
    assert set(store.sizes) == {one, two} == {path.name for path in folders.store.iterdir()}
    assert store.missing({one: 1, three: 1}) == {three: 1}
    again = Store(Disk(), str(folders.store))
    again.load()
    again.keep_only({two})
    assert {path.name for path in folders.store.iterdir()} == {two}
    full = Store(Brittle(1), str(folders.store))
    full.load()
    with pytest.raises(OSError, match="space"):
        full.add([b"3"], {three: 1})
    assert set(full.sizes) == {two}


# -- through the acceptor -------------------------------------------------------------------------
def named(data: bytes, **more: object) -> dict[str, object]:
    return {"sha256": sha256(data).hexdigest(), "size": len(data), **more}


@pytest.fixture(scope="module")
def keys() -> Iterator[Keys]:
    made = Keys(["alice"])
    yield made
    made.home.close()


@pytest.fixture
def bench(keys: Keys, tmp_path: Path) -> Bench:
    return Bench(tmp_path, forge.blueprint([forge.keyhole(keys["alice"])]), keys.rings)


@pytest.mark.real
def test_a_plan_with_files(bench: Bench, keys: Keys) -> None:
    small, large = b"config\n", os.urandom(3 << 20)
    line = forge.line(
        "web", files={"etc/a": named(small, mode=0o644)}, product=named(large, kind="tar")
    )
    plan = forge.Plan.of({"web": line}, blobs=(small, b"nobody asked for this"))
    ack = bench.ask(plan.stream(keys.sign("alice")))
    assert (ack.code, sha256(large).hexdigest() in ack.reason) == ("blob", True)
    assert bench.acceptor.plans.held == {}
    (bench.home / "run/inbox" / sha256(large).hexdigest()).write_bytes(large)
    assert bench.ask(plan.stream(keys.sign("alice"))).verdict == "accepted"
    names = {sha256(data).hexdigest() for data in (small, large)}
    assert {path.name for path in (bench.home / "store").iterdir()} == names
    assert bench.acceptor.plans.held["main"].blobs == names
    # Five generations later nobody names them any more.
    for number in range(5):
        plan = plan.after({"web": forge.line("web", nice=number)})
        assert bench.ask(plan.stream(keys.sign("alice"))).verdict == "accepted"
    assert list((bench.home / "store").iterdir()) == []


@pytest.mark.real
def test_a_blob_with_two_sizes_or_a_wrong_one(bench: Bench, keys: Keys) -> None:
    data = b"config\n"
    lie = {**named(data, mode=0o644), "size": 3}
    two = {"a": named(data, mode=0o644), "b": lie}
    plan = forge.Plan.of({"web": forge.line("web", files=two)}, blobs=(data,))
    assert bench.ask(plan.stream(keys.sign("alice"))).code == "format"
    plan = forge.Plan.of({"web": forge.line("web", files={"a": lie})}, blobs=(data,))
    assert bench.ask(plan.stream(keys.sign("alice"))).code == "blob"


@pytest.mark.real
def test_a_disk_without_room_for_a_blob(keys: Keys, tmp_path: Path) -> None:
    class Full(Disk):
        def create(self, path: str, data: bytes, mode: int = 0o600, lasting: bool = True) -> None:
            if "/store/" in path:
                raise OSError(28, "No space left on device")
            super().create(path, data, mode, lasting)

    blueprint = forge.blueprint([forge.keyhole(keys["alice"])])
    bench = Bench(tmp_path, blueprint, keys.rings, Full())
    data = b"config\n"
    line = forge.line("web", files={"a": named(data, mode=0o644)})
    plan = forge.Plan.of({"web": line}, blobs=(data,))
    assert bench.ask(plan.stream(keys.sign("alice"))).code == "storage"
