"""`enve fetch`: what it prints, where things go, and what it ends with."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest
from tests.support.fetching import MAIN, Fetcher, Repo
from tests.support.forked import as_user
from tests.support.packed import tar, tree
from tests.support.wait import until
from tests.support.web import Web, stall

from enve_fire.core.trouble import CHECKOUT, MISS, MISSING, USAGE, Trouble


def test_it_prints_where_and_nothing_else(repo: Repo, fetcher: Fetcher) -> None:
    repo.commit(x="1")
    first = fetcher.command(repo.url)
    assert first.returncode == 0
    assert tree(Path(first.stdout[:-1])) == {"x": b"1"}
    again = fetcher.command(repo.url, "%cache", "dir")
    assert (again.stdout, again.stderr) == (first.stdout, "")


def test_a_copy_of_ones_own(repo: Repo, fetcher: Fetcher, tmp_path: Path) -> None:
    repo.commit(x="1")
    place = tmp_path / "copy"
    for _ in range(2):
        assert fetcher.command(repo.url, f"%path={place}").stdout == f"{place}\n"
        assert (place / "x").stat().st_mode & 0o200
        (place / "x").unlink()
    (place / "x").touch()
    full = fetcher.command(repo.url, f"%path={place}")
    assert (full.returncode, full.stdout) == (USAGE, "")
    assert "something is in there" in full.stderr
    assert fetcher.command(repo.url, f"%path={place / 'x'}").returncode == USAGE
    assert not list(tmp_path.glob(".enve-*"))


def test_the_archive_itself(fetcher: Fetcher, tmp_path: Path) -> None:
    data = tar(("a/x", b"1"))
    with Web() as web:
        url = web.put("/a-1.tar", data)
        found = Path(fetcher.command(url, "file").stdout[:-1])
        assert (found.name, found.read_bytes()) == ("a-1.tar", data)
        assert (
            fetcher.command(url, "file", f"%path={tmp_path / 'd'}").stdout
            == f"{tmp_path}/d/a-1.tar\n"
        )
        assert len(web.requests) == 1


def test_a_folder_of_ones_own_is_used_as_it_is(fetcher: Fetcher, tmp_path: Path) -> None:
    place = tmp_path / "mine"
    (place / "sub").mkdir(parents=True)
    (place / "sub" / "x").write_text("1")
    before = tree(place)
    found = fetcher(str(place))
    assert (found.path, found.entry, found.pinned.text) == (str(place), "", f"file://{place}")
    assert fetcher(str(place)).source == found.source
    assert fetcher(str(place), subdir="sub").path == f"{place}/sub"
    (place / "sub" / "x").write_text("2")
    assert fetcher(str(place)).source != found.source
    assert before.keys() == tree(place).keys()
    env = {**fetcher.environ, "PWD": str(place)}
    argv = [sys.executable, "-I", "-S", str(MAIN), "fetch", "./sub"]
    assert subprocess.check_output(argv, cwd=place, env=env, text=True) == f"{place}/sub\n"
    within = fetcher.command(str(place), f"%path={place}/sub/copy")
    assert "lies within" in within.stderr
    assert fetcher.command(str(place / "none")).returncode == CHECKOUT
    assert "no folder" in fetcher.command(str(place / "sub/x")).stderr


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be somebody else")
@pytest.mark.parametrize("shut", ["sub/deep/x", "sub"])
def test_a_source_that_cannot_be_read_is_told_by_its_path(shut: str) -> None:
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        place = Path(folder)
        place.chmod(0o777)
        (place / "mine/sub/deep").mkdir(parents=True)
        (place / "mine/sub/deep/x").write_text("1")
        (place / "mine" / shut).chmod(0)

        def there() -> None:
            with pytest.raises(Trouble, match=f"{place}/mine/{shut} is a part of the") as error:
                Fetcher(place)(str(place / "mine"))
            assert error.value.code == CHECKOUT
            assert f"{place}/mine/.enveignore" in error.value.hint

        as_user("daemon", there)


def test_a_subdir_of_ones_own_folder_lies_in_it(fetcher: Fetcher, tmp_path: Path) -> None:
    """The folder may be somebody else's work, which says its `subdir` itself."""
    (tmp_path / "mine" / "sub" / "deep").mkdir(parents=True)
    (tmp_path / "other").mkdir()
    for name, target in (("in", "sub"), ("out", "../other"), ("sub/up", "../../other")):
        (tmp_path / "mine" / name).symlink_to(target)
    (tmp_path / "way").symlink_to("mine")  # whoever names the folder may go by a link
    for place in (tmp_path / "mine", tmp_path / "way"):
        assert fetcher(str(place), subdir="in/deep").path == f"{place}/in/deep"
        for subdir in ("out", "sub/up"):
            refused = fetcher.command(str(place), "--subdir", subdir)
            assert refused.returncode == CHECKOUT
            assert "a link that leads out of" in refused.stderr


def test_what_a_store_has(repo: Repo, fetcher: Fetcher) -> None:
    repo.commit(x="1", s__y="2")
    found = fetcher(repo.url)
    url = f"store:checkout/{found.entry}"
    again = fetcher(url)
    assert (again.path, again.source, again.epoch) == (found.path, found.source, found.epoch)
    assert fetcher(url, subdir="s").path == found.path + "/s"
    assert again.pinned.text == url
    (Path(found.path) / "l").symlink_to("s")
    assert fetcher.command(url, "--subdir", "l").returncode == CHECKOUT
    assert fetcher.command(f"store:checkout/{'a' * 32}-x").returncode == MISS


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ((), "wanted a url"),
        (("--nonsense", "/"), "--nonsense"),
        (("ftp://h/x",), "wanted"),
        (("https://u:secret@h/x.tar",), "password"),
        (("/x", "where"), "wanted %cache"),
        (("/x", "--strip", "99"), "--strip"),
        (("/x", "--strip", "²"), "--strip"),
        (("/x", "--subdir", "../y"), "--subdir"),
        (("/x", "--limit", "x"), "--limit"),
        (("/x", "file"), "only an archive"),
    ],
)
def test_words_that_are_wrong(words: tuple[str, ...], text: str, fetcher: Fetcher) -> None:
    done = fetcher.command(*words)
    assert (done.returncode, done.stdout) == (USAGE, "")
    assert text in done.stderr
    assert "secret" not in done.stderr
    assert "Traceback" not in done.stderr


def test_programs_that_are_missing(repo: Repo, fetcher: Fetcher, tmp_path: Path) -> None:
    repo.commit(x="1")
    done = fetcher.command(repo.url, PATH=str(tmp_path))
    assert done.returncode == MISSING
    assert "install git" in done.stderr
    (tmp_path / "a.tar.zst").write_bytes(b"\x28\xb5\x2f\xfd" + b"x" * 600)
    done = fetcher.command(str(tmp_path / "a.tar.zst"), PATH=str(tmp_path))
    assert done.returncode == MISSING
    assert "install zstd" in done.stderr


@pytest.mark.parametrize(
    ("module", "head", "text"),
    [("bz2", b"BZh", "bzip2"), ("lzma", b"\xfd7zXZ\0", "xz"), ("ssl", b"", "TLS")],
)
def test_what_a_python_was_built_without_is_missing(
    fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch, module: str, head: bytes, text: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    (fetcher.folder / "a.tar").write_bytes(head + b"x" * 600)
    with pytest.raises(Trouble, match=f"this Python was built without {text}") as told:
        fetcher(str(fetcher.folder / "a.tar") if head else "https://127.0.0.1:9/a.tar")
    assert told.value.code == MISSING


def test_several_fetch_the_same_and_one_does_it(fetcher: Fetcher) -> None:
    with Web() as web:
        url = web.put("/a.tar", tar(("a/x", os.urandom(1 << 20))))
        argv = [sys.executable, "-I", "-S", str(MAIN), "fetch", url]
        pipe = subprocess.PIPE
        all_ = [
            subprocess.Popen(argv, env=fetcher.environ, stdout=pipe, stderr=pipe) for _ in range(5)
        ]
        said = {one.communicate()[0] for one in all_}
        assert len(said) == 1
        assert [one.returncode for one in all_] == [0] * 5
        assert len(web.requests) == 1


def test_who_waits_goes_on_when_the_first_is_killed(fetcher: Fetcher) -> None:
    end = threading.Event()
    with Web() as web:
        url = web.put("/a.tar", tar(("a/x", bytes(1 << 20))), stall(end, 300_000))
        argv = [sys.executable, "-I", "-S", str(MAIN), "fetch", url]
        try:
            with subprocess.Popen(argv, env=fetcher.environ) as first:
                until(lambda: list(Path(fetcher.store.first).rglob("part.of")), "bytes")
                with subprocess.Popen(argv, env=fetcher.environ, stdout=subprocess.PIPE) as second:
                    first.send_signal(signal.SIGKILL)
                    out = second.communicate(timeout=60)[0]
        finally:
            end.set()
        assert tree(Path(out.decode()[:-1])) == {"x": bytes(1 << 20)}


@pytest.mark.host
def test_a_full_disk_is_told_and_harms_nothing(fetcher: Fetcher, tmp_path: Path) -> None:
    place = tmp_path / "small"
    place.mkdir()
    data = tar(("a/x", os.urandom(3 << 20)))
    with Web() as web:
        url = web.put("/a.tar", data)
        fetch = [sys.executable, "-I", "-S", str(MAIN), "fetch", url]
        for size, room in ((2, "download"), (5, "checkout")):
            script = f'mount -t tmpfs -o size={size}m,mode=0755 t {place} && exec "$@"'
            done = subprocess.run(
                ["unshare", "-m", "sh", "-c", script, "sh", *fetch],
                env={**fetcher.environ, "ENVE_STORE": str(place)},
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode, room
            assert "no space is left" in done.stderr.lower()
            assert "Traceback" not in done.stderr
