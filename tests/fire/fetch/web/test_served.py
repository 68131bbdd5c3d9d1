"""Entries that somebody else has made: from a web server, with a signature that counts."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
import tarfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.support.keys import KeyHome
from tests.support.mirror import Mirror
from tests.support.web import Web, cut, redirect, trickle
from tests.support.workbench import ARGV

from enve_fire.core.trouble import MISS, MISSING, REFUSED, USAGE, Trouble
from enve_fire.fetch.how import How
from enve_fire.fetch.web import served
from enve_fire.fetch.web.served import get
from enve_fire.store import members, publish, signature
from enve_fire.store.entry import Entry
from enve_fire.store.store import Store
from enve_fire.store.wanted import Wanted
from enve_fire.tree.pace import quiet

pytestmark = pytest.mark.real
Verb = Callable[..., subprocess.CompletedProcess[str]]


class Site:
    """A folder, the server that serves it, the key that signs, and stores that take from there."""

    def __init__(self, tmp_path: Path, home: KeyHome, mirror: Mirror) -> None:
        self.folder = mirror.folder
        self.home = home
        self.asked = mirror.asked
        self.tmp_path = tmp_path
        self.url = mirror.url + "/"
        self.ring = tmp_path / "ring.asc"
        self.ring.write_bytes(home.gpg("--armor", "--export", home.fingerprint("site")))

    def store(self, name: str = "mine", **environ: str) -> Store:
        environ = {"ENVE_KEYRING": str(self.ring), **environ}
        return Store.of({"ENVE_STORE": f"{self.tmp_path}/{name}:{self.url}", **environ})

    def file(self, wanted: Wanted, end: str) -> Path:
        return self.folder / (wanted.name + end)

    def sign(self, wanted: Wanted, key: str = "site") -> None:
        import hashlib

        sum_ = hashlib.sha256(self.file(wanted, ".tar.gz").read_bytes()).hexdigest()
        data = signature.statement(sum_, wanted.name)
        self.file(wanted, ".sig").write_bytes(self.home.sign(self.home.fingerprint(key), data))


@pytest.fixture(scope="module")
def home() -> Iterator[KeyHome]:
    with KeyHome() as home:
        home.make("site")
        home.make("stranger")
        yield home


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.of({"ENVE_STORE": str(tmp_path / "store")})


@pytest.fixture
def verb(store: Store) -> Verb:
    """`store WORDS` by a process."""

    def run(*words: str, **environ: str) -> subprocess.CompletedProcess[str]:
        env = {**os.environ, "ENVE_STORE": store.first, **environ}
        argv = [*ARGV, "store", *words]
        return subprocess.run(argv, env=env, capture_output=True, text=True, check=False)

    return run


@pytest.fixture
def site(tmp_path: Path, home: KeyHome) -> Iterator[Site]:
    with Mirror(tmp_path / "www") as mirror:
        yield Site(tmp_path, home, mirror)


def make(
    store: Store,
    wanted: Wanted,
    method: Callable[[str], None] | None,
    report: Callable[[str], None] = quiet,
    patience: float = 20,
) -> Entry:
    return get(wanted, method, store, How(report=report, patience=patience))


def never(out: str) -> None:
    raise AssertionError("made again")


def tree(out: str) -> None:
    Path(out, "bin").mkdir()
    Path(out, "bin/su").write_text("#!/bin/sh\n")
    Path(out, "bin/su").chmod(0o4755)
    Path(out, "abs").symlink_to("/etc/hostname")
    Path(out, "empty").mkdir()
    os.link(Path(out, "bin/su"), Path(out, "hard"))


X = Wanted("text of x", "x", "build")


@pytest.fixture
def exported(site: Site, store: Store, verb: Verb) -> Entry:
    """An entry of the first store, and what it needs, put into the folder."""
    inner = store.make(Wanted("inner", "inner"), tree)
    made = store.make(Wanted("text of x", "x", "build", deps=(inner.name,)), tree)
    words = ("export", "x", str(site.folder), "--sign-with", "site")
    done = verb(*words, GNUPGHOME=str(site.home.path))
    assert done.returncode == 0, done.stderr
    assert len(list(site.folder.iterdir())) == 4
    return made


def test_it_is_taken_whole(site: Site, exported: Entry) -> None:
    mine = site.store()
    assert mine.find(X) is None, "nothing is fetched to look"
    assert site.asked == []
    found = make(mine, X, never)
    assert found.path.startswith(f"{site.tmp_path}/mine/root-build/")
    path = Path(found.path)
    assert (path / "bin/su").stat().st_mode & 0o7777 == 0o4555
    assert str((path / "abs").readlink()) == "/etc/hostname"
    assert (path / "empty").is_dir() and (path / "hard").samefile(path / "bin/su")
    meta = found.meta()
    assert meta["made"] == exported.meta()["made"] and meta["deps"] == exported.meta()["deps"]
    assert meta["note"]["from"].endswith(".tar.gz")
    assert meta["note"]["signed"] == site.home.fingerprint("site")
    count = len(site.asked)
    assert make(mine, X, never).path == found.path and len(site.asked) == count
    assert make(mine, Wanted("inner", "inner"), None), "what it needs is there, too"


def test_an_archive_is_the_same_each_time(site: Site, exported: Entry, verb: Verb) -> None:
    first = site.file(X, ".tar.gz").read_bytes()
    assert first[4:8] == bytes(4), "no time in gzip's head"
    os.utime(exported.path)
    verb("export", "x", str(site.folder), "--sign-with", "site", GNUPGHOME=str(site.home.path))
    assert site.file(X, ".tar.gz").read_bytes() == first


def test_xz_is_taken(site: Site, exported: Entry) -> None:
    import gzip
    import lzma

    data = lzma.compress(gzip.decompress(site.file(X, ".tar.gz").read_bytes()))
    site.file(X, ".tar.gz").write_bytes(data)
    site.sign(X)
    site.file(X, ".tar.gz").rename(site.file(X, ".tar.xz"))
    assert make(site.store(), X, never)


def refused(site: Site, match: str, **environ: str) -> None:
    mine = site.store(**environ)
    with pytest.raises(Trouble, match=match) as told:
        make(mine, X, never)
    assert told.value.code == REFUSED
    assert mine.find(X) is None


def test_unsigned_is_refused(site: Site, exported: Entry) -> None:
    site.file(X, ".sig").unlink()
    refused(site, "is not signed")


def test_one_that_is_replaced_meanwhile_is_asked_for_once_more(
    site: Site, exported: Entry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the archive and its signature."""
    file, real, done = site.file(X, ".tar.gz"), signature.statement, []

    def statement(sum_: str, name: str) -> bytes:
        if not done:
            done.append(name)
            file.write_bytes(gzip.compress(gzip.decompress(file.read_bytes()), 1, mtime=0))
            site.sign(X)
        return real(sum_, name)

    monkeypatch.setattr(signature, "statement", statement)
    assert make(site.store(), X, never).meta()["note"]["from"].startswith(site.url)
    assert len(site.asked) == 4


def test_by_a_stranger_is_refused(site: Site, exported: Entry) -> None:
    site.sign(X, "stranger")
    refused(site, "by another key")


def test_changed_is_refused(site: Site, exported: Entry) -> None:
    data = bytearray(site.file(X, ".tar.gz").read_bytes())
    data[-20] ^= 1
    site.file(X, ".tar.gz").write_bytes(data)
    refused(site, "the signature is bad")


def test_another_entry_under_its_name_is_refused(site: Site, exported: Entry) -> None:
    inner = Wanted("inner", "inner")
    for end in (".tar.gz", ".sig"):
        site.file(inner, end).rename(site.file(X, end))
    refused(site, "the signature is bad")


def test_signed_by_mistake_for_another_text_is_refused(site: Site, exported: Entry) -> None:
    site.file(Wanted("inner", "inner"), ".tar.gz").rename(site.file(X, ".tar.gz"))
    site.sign(X)
    refused(site, "other things|another text")


def test_without_a_ring_nobody_counts(site: Site, exported: Entry) -> None:
    refused(site, "nobody says whose", ENVE_KEYRING="")


def test_a_ring_that_others_write_to_is_refused(site: Site, exported: Entry) -> None:
    site.ring.chmod(0o666)
    refused(site, "others may write")


def test_garbage_that_is_signed_is_refused(site: Site, exported: Entry) -> None:
    for data in (b"", b"x" * 1000):
        site.file(X, ".tar.gz").write_bytes(data)
        site.sign(X)
        refused(site, "not an entry|not a whole")


def test_a_way_out_of_the_archive_is_refused(site: Site, exported: Entry) -> None:
    with tarfile.open(site.file(X, ".tar.gz"), "w:gz") as tar:
        tar.addfile(tarfile.TarInfo("out/../../escape"))
    site.sign(X)
    refused(site, "leads outside")


def test_what_is_not_there_is_made(site: Site) -> None:
    mine = site.store()
    with pytest.raises(Trouble) as told:
        make(mine, X, None)
    assert told.value.code == MISS
    assert not list(site.tmp_path.glob("mine/*/.failed/*"))
    assert make(mine, X, tree)


def test_a_python_without_tls_goes_without(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ssl", None)
    told: list[str] = []
    mine = Store.of({"ENVE_STORE": f"{site.tmp_path}/mine:https://127.0.0.1:9"})
    assert make(mine, X, tree, told.append)
    assert "without TLS; goes without" in " ".join(told)


def test_a_server_that_is_away_is_told_and_gone_without(site: Site) -> None:
    told: list[str] = []
    gone = Store.of({"ENVE_STORE": f"{site.tmp_path}/mine:http://127.0.0.1:9"})
    assert make(gone, X, tree, told.append)
    assert "goes without" in told[-2], "then it is made"
    count = len(told)
    assert make(gone, Wanted("another"), tree, told.append)
    assert len(told) == count + 1, "and is not asked again"


def away(site: Site, web: Web) -> Store:
    """Another server with the same, which misbehaves."""
    for path in site.folder.iterdir():
        web.files["/" + path.name] = path.read_bytes()
    ring = {"ENVE_KEYRING": str(site.ring)}
    return Store.of({"ENVE_STORE": f"{site.tmp_path}/mine:{web.url('')}", **ring})


def test_one_that_breaks_off_and_sends_us_on_is_gone_on_with(site: Site, exported: Entry) -> None:
    with Web() as web:
        mine, path = away(site, web), f"/{X.name}.tar.gz"
        web.files["/there"] = web.files[path]
        web.plan[path] = [cut(200), redirect("/1")]
        web.plan["/1"] = [redirect("/2")]
        web.plan["/2"] = [redirect("/there")]
        assert make(mine, X, never)
    [last] = [headers for asked, headers in web.requests if asked == "/there"]
    assert last["Range"] == "bytes=200-"


def test_one_that_trickles_is_gone_without(
    site: Site, exported: Entry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(served, "RETRIES", 0)
    end, head = threading.Event(), b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"
    told: list[str] = []
    try:
        with Web() as web:
            mine = away(site, web)
            web.plan[f"/{X.name}.tar.gz"] = [trickle(end, head)]
            assert make(mine, X, tree, told.append, patience=0.3)
    finally:
        end.set()
    assert "the server is too slow; goes without" in told[0]
    assert "from" not in mine.make(X, never).meta()["note"]


def test_private_ones_and_offline_ask_nobody(site: Site, exported: Entry) -> None:
    environ = {"ENVE_STORE": f"{site.tmp_path}/mine:{site.url}"}
    for offline in (site.store(ENVE_OFFLINE="1"), Store.of(environ, offline=True)):
        with pytest.raises(Trouble):
            make(offline, X, None)
    assert make(site.store(), Wanted("text of x", "x", "build", private=True), tree)
    assert make(site.store(), Wanted("text of x", "x", "git", mutable=True), tree)
    assert site.asked == []


def test_the_next_one_is_asked(site: Site, exported: Entry) -> None:
    tries: list[str] = []

    def second(path: str) -> bool:
        tries.append(path)
        return len(tries) == 2

    wanted = Wanted("text of x", "x", "build", check=second)
    environ = {"ENVE_KEYRING": str(site.ring)}
    both = Store.of({"ENVE_STORE": f"{site.tmp_path}/mine:{site.url}:{site.url}", **environ})
    assert make(both, wanted, never) and len(tries) == 2


def test_one_that_has_expired_is_none(site: Site, exported: Entry) -> None:
    wanted = Wanted("text of x", "x", "build", check=lambda path: False)
    made: list[str] = []

    def method(out: str) -> None:
        made.append(out)
        tree(out)

    assert make(site.store(), wanted, method) and made


def test_what_bears_its_title_and_is_for_nobody_stays(
    site: Site, store: Store, verb: Verb, exported: Entry
) -> None:
    """Such as the mirror of a product's repository."""
    store.make(Wanted("mirror of x", "x", "git", private=True, mutable=True), tree)
    words = ("export", "x", str(site.folder), "--sign-with", "site")
    done = verb(*words, GNUPGHOME=str(site.home.path))
    assert done.returncode == 0, done.stderr
    assert len(list(site.folder.iterdir())) == 4


def test_export_wants_a_key_and_what_does_not_change(
    site: Site, store: Store, verb: Verb, exported: Entry
) -> None:
    assert verb("export", "x", str(site.folder)).returncode == USAGE
    home = str(site.home.path)
    done = verb("export", "x", str(site.folder), "--sign-with", "nobody", GNUPGHOME=home)
    assert done.returncode == MISSING
    store.make(Wanted("m", "m", mutable=True), tree)
    store.make(Wanted("p", "p", private=True), tree)
    for title in ("m", "p"):
        done = verb("export", title, str(site.folder), "--sign-with", "site", GNUPGHOME=home)
        assert done.returncode == USAGE
        assert "private, or may change" in done.stderr
    assert not [path for path in site.folder.iterdir() if path.name.startswith(".")]


def test_export_writes_to_nothing_that_a_stranger_put_there(
    site: Site, store: Store, exported: Entry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GNUPGHOME", str(site.home.path))
    mine, folder = site.tmp_path / "mine", site.tmp_path / "out"
    mine.write_text("mine")
    folder.mkdir()
    for name in (f".{exported.name}.{os.getpid()}", f"{exported.name}.sig"):
        (folder / name).symlink_to(mine)
    publish.publish(exported, str(folder), "site")
    assert mine.read_text() == "mine"
    assert not (folder / f"{exported.name}.sig").is_symlink()
    folder.chmod(0o777)
    with pytest.raises(Trouble, match="others may write to it"):
        publish.publish(exported, str(folder), "site")


@pytest.mark.parametrize(
    ("text", "members_"),
    [
        ("/a:/b", ["/a", "/b"]),
        ("/a:http://host/x:/b", ["/a", "http://host/x", "/b"]),
        ("/a:https://host:8080/x:/b", ["/a", "https://host:8080/x", "/b"]),
        ("/a:http://host:80:/b", ["/a", "http://host:80", "/b"]),
        ("/a:http://host:/b", ["/a", "http://host", "/b"]),
        ("/a:http://[::1]:80/x:/b", ["/a", "http://[::1]:80/x", "/b"]),
        ("/a:http://[::1]/x:http://b", ["/a", "http://[::1]/x", "http://b"]),
        (":/a::", ["/a"]),
        ("/http:/b", ["/http", "/b"]),
    ],
)
def test_members_are_told_apart(text: str, members_: list[str]) -> None:
    assert members.split(text) == members_


@pytest.mark.parametrize("text", ["http://host/", "relative", "/a:relative"])
def test_members_that_are_none(text: str) -> None:
    with pytest.raises(Trouble) as told:
        Store.of({"ENVE_STORE": text})
    assert told.value.code == USAGE


def test_without_the_variable_it_is_the_home(tmp_path: Path) -> None:
    if Path(members.SHARED).exists():
        pytest.skip(members.SHARED + " is there")
    assert Store.of({"HOME": "/home/x"}).first == "/home/x/.cache/enve/store"
    with pytest.raises(Trouble):
        Store.of({})
