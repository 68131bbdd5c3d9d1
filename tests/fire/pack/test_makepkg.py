"""`makepkg` as people use it: two of them, who share nothing."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support import packages
from tests.support.box import stages
from tests.support.interpreter import python_for
from tests.support.keys import KeyHome

from enve_fire.core.trouble import MISSING, REFUSED, Trouble
from enve_fire.pack import signed
from enve_fire.pack.unpacked import import_package
from enve_fire.store import signature
from enve_fire.store.store import Store

TABLE = {
    "enve": 1,
    "title": "tool",
    "version": "1.0",
    "prefix": "/opt/tool",
    "build": {
        "run": [
            "mkdir -p $OUT$PREFIX/bin",
            "install -m 755 tool.sh $OUT$PREFIX/bin/tool",
            "ln $OUT$PREFIX/bin/tool $OUT$PREFIX/bin/again",
            "cp -p tool.sh $OUT$PREFIX/as-it-was",
        ]
    },
    "install": {"setuid": ["bin/tool"]},
}


@pytest.fixture
def shared() -> Iterator[Path]:
    """A folder that both reach, with a source as an archive."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        at = Path(folder)
        at.chmod(0o755)
        (at / "tool-1.0").mkdir(mode=0o700)
        (at / "tool-1.0/tool.sh").write_text("#!/bin/sh\necho tool\n")
        subprocess.run(["tar", "-C", at, "-czf", at / "tool-1.0.tar.gz", "tool-1.0"], check=True)
        (at / "enve.json").write_text(json.dumps(TABLE))
        for name in ("tool-1.0.tar.gz", "enve.json"):
            (at / name).chmod(0o644)
        yield at


def _makepkg(shared: Path, user: str, umask: int, *more: str) -> subprocess.CompletedProcess[str]:
    """By somebody with a home and a store of his own."""
    home = shared / f"home-{user}-{umask:o}"
    home.mkdir(exist_ok=True)
    if user != "root":
        os.chown(home, 1, 1)
    python = sys.executable if user == "root" else python_for(user)
    who = ["setpriv", "--reuid", user, "--regid", user, "--clear-groups"]
    words = ["makepkg", f"file://{shared}/tool-1.0.tar.gz", "-f", str(shared / "enve.json")]
    script = f'umask {umask:o}; exec "$@"'
    argv = [*who, "sh", "-c", script, "sh", python, "-I", "-S", stages(), *words, *more]
    env = {"PATH": os.environ["PATH"], "HOME": str(home)}
    return subprocess.run(argv, env=env, cwd=home, capture_output=True, text=True, check=False)


def _archive(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 0, done.stderr
    path = Path(done.stdout.strip())
    found = hashlib.sha256(gzip.decompress(path.read_bytes())).hexdigest()
    assert found in done.stderr
    return found


def test_two_users_with_two_umasks_and_every_way(shared: Path) -> None:
    sums = [
        _archive(_makepkg(shared, "root", 0o022)),
        _archive(_makepkg(shared, "root", 0o077, "--owners", "map")),
        _archive(_makepkg(shared, "daemon", 0o002)),
        _archive(_makepkg(shared, "daemon", 0o077, "--owners", "fakeroot")),
        _archive(_makepkg(shared, "daemon", 0o077, "--owners", "map")),
    ]
    assert len(set(sums)) == 1
    again = _makepkg(shared, "root", 0o022)
    assert _archive(again) == sums[0]


def test_errors_are_told(shared: Path) -> None:
    done = _makepkg(shared, "daemon", 0o022, "--owners", "root")
    assert done.returncode == 69
    assert "owners by root: this is uid 1" in done.stderr
    done = _makepkg(shared, "root", 0o022, "--owners", "magic")
    assert done.returncode == 64
    done = _makepkg(shared, "root", 0o022, "-o", "x.rpm")
    assert (done.returncode, ".tar.gz .tar.xz .tar.zst" in done.stderr) == (64, True)
    for user, out, said in (
        ("root", "/nodir/x.tar.gz", "/nodir/x.tar.gz: No such"),
        ("daemon", "/etc/", "/etc/tool-1.0"),
    ):
        done = _makepkg(shared, user, 0o022, "-o", out)
        assert (done.returncode, said in done.stderr, "-o names" in done.stderr) == (69, True, True)
    (shared / "enve.json").write_text(json.dumps({**TABLE, "build": {"run": ["echo why; false"]}}))
    done = _makepkg(shared, "root", 0o022)
    assert done.returncode == 82
    assert "why" in done.stderr
    assert not list((shared / "home-root-22").glob("*.tar.gz*"))


@pytest.fixture(scope="module")
def home() -> Iterator[KeyHome]:
    with KeyHome() as home:
        home.make("me")
        yield home


class Imported:
    """A package, the store of somebody who has nothing yet, and what an import of it comes to."""

    def __init__(self, shared: Path, home: KeyHome) -> None:
        self.path = Path(_makepkg(shared, "root", 0o022).stdout.strip())
        self.ring = shared / "ring.gpg"
        self.ring.write_bytes(home.public(home.fingerprint("me")))
        self.home = home
        self._env = {"PATH": os.environ["PATH"], "HOME": str(shared / "empty")}
        (shared / "empty").mkdir()

    def sign(self, who: str = "me", *options: str) -> None:
        data = self.home.sign(self.home.fingerprint(who), self.path.read_bytes(), *options)
        Path(f"{self.path}.sig").write_bytes(data)

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        argv = [sys.executable, "-I", "-S", stages(), "makepkg", "--import", str(self.path)]
        words = words or ("--keyring", str(self.ring))
        return subprocess.run(
            [*argv, *words], env=self._env, capture_output=True, text=True, check=False
        )

    def refused(self, why: str) -> None:
        done = self.run()
        assert (done.returncode, why in done.stderr) == (REFUSED, True), done.stderr
        assert not list(self.path.parent.parent.glob("empty/.cache/enve/store/*/*-tool*"))


@pytest.fixture
def imported(shared: Path, home: KeyHome) -> Imported:
    return Imported(shared, home)


def test_what_is_signed_is_imported(imported: Imported, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GNUPGHOME", str(imported.home.path))
    imported.refused("is not signed")
    _signed(imported, "me")
    done = imported.run()
    assert done.returncode == 0, done.stderr
    meta = json.loads(Path(_beside(done.stdout.strip())).read_text())
    assert meta["note"]["signed"] == imported.home.fingerprint("me")
    imported.path.unlink()
    with pytest.raises(Trouble, match="gpg signs nothing") as told:
        _signed(imported, "nobody")
    assert told.value.code == MISSING
    assert not imported.path.exists()


def _signed(imported: Imported, key: str) -> None:
    """The package again, by whoever has that key."""
    root = packages.artifact(imported.path.parent / f"tree-{key}")
    made = packages.made(packages.built(), root, imported.path, key=key)
    assert made.signature == f"{imported.path}.sig"


@pytest.mark.parametrize("swapped", [False, True])
def test_what_is_signed_is_what_was_packed(
    imported: Imported, monkeypatch: pytest.MonkeyPatch, *, swapped: bool
) -> None:
    """Whatever bears its name by then, and whatever lay at names that one could guess."""
    monkeypatch.setenv("GNUPGHOME", str(imported.home.path))
    folder, sign = imported.path.parent / "out", signature.sign
    folder.mkdir()

    def late(key: str, file: Any) -> bytes:
        for path in folder.iterdir():
            if swapped:
                path.unlink()
                path.write_bytes(b"foreign")
        return sign(key, file)

    monkeypatch.setattr(signature, "sign", late)
    imported.path = folder / "tool.tar.gz"
    root = packages.artifact(folder.parent / "tree")
    made = packages.made(packages.built(), root, imported.path, key="me")
    assert made.path == str(imported.path)
    done = imported.run()
    assert done.returncode == (REFUSED if swapped else 0), done.stderr


def test_nothing_is_signed_where_others_write(
    imported: Imported, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GNUPGHOME", str(imported.home.path))
    folder = imported.path.parent / "out"
    root = packages.artifact(imported.path.parent / "tree")
    folder.mkdir()
    folder.chmod(0o777)
    with pytest.raises(Trouble, match="others may write to it") as error:
        packages.made(packages.built(), root, folder, key="me")
    assert error.value.code == REFUSED
    assert not list(folder.iterdir())
    folder.chmod(0o1777)
    packages.made(packages.built(), root, folder, key="me")
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o644}
    assert len(list(folder.iterdir())) == 2


def _beside(entry: str) -> str:
    shelf, _, name = entry.rpartition("/")
    return f"{shelf}/.meta/{name}.json"


def test_a_ring_may_be_armored(imported: Imported) -> None:
    imported.sign()
    imported.ring.write_bytes(imported.home.gpg("--armor", "--export", "me"))
    assert imported.run().returncode == 0


def test_another_file_and_another_signer_are_refused(imported: Imported) -> None:
    imported.home.make("stranger")
    imported.sign("stranger")
    imported.refused("by another key")
    imported.sign()
    with imported.path.open("ab") as file:
        file.write(bytes(512))
    imported.refused("the signature is bad")


def test_weak_sums_and_keys_that_have_expired_are_refused(imported: Imported) -> None:
    imported.sign("me", "--digest-algo", "SHA1")
    imported.refused("wanted one of the hashes")
    late = "20200101T000000"
    imported.home.gpg(
        *("--faked-system-time", late, "--passphrase", ""),
        *("--quick-gen-key", "old", "ed25519", "sign", "2d"),
    )
    imported.sign("old", "--faked-system-time", late)
    imported.ring.write_bytes(imported.home.public(imported.home.fingerprint("old")))
    imported.refused("the key has expired")


def test_a_ring_that_others_may_write_to_is_refused(imported: Imported) -> None:
    imported.sign()
    imported.ring.chmod(0o666)
    imported.refused("others may write to it")


def test_what_was_verified_is_what_is_unpacked(
    imported: Imported, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another file takes its place just then."""
    imported.sign()
    verify = signed.verify

    def swapped(path: str, *more: str) -> str:
        found = verify(path, *more)
        Path(path).write_bytes(b"another one, which nobody signed")
        return found

    monkeypatch.setattr(signed, "verify", swapped)
    store = Store.of({"ENVE_STORE": str(tmp_path / "store")})
    entry = import_package(str(imported.path), store, str(imported.ring))
    assert Path(entry.path, "opt/tool/bin/tool").exists()
    assert not list(tmp_path.glob("store/*/.tmp.*"))


def test_a_package_comes_into_another_store(shared: Path) -> None:
    made = _makepkg(shared, "root", 0o022).stdout.strip()
    words = ["makepkg", "--import", made]
    env = {"PATH": os.environ["PATH"], "HOME": str(shared / "home-root-77")}
    (shared / "home-root-77").mkdir()
    argv = [sys.executable, "-I", "-S", stages(), *words]
    done = subprocess.run(argv, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip(), "opt/tool/bin/tool").stat().st_mode & 0o7777 == 0o4555
    again = _makepkg(shared, "root", 0o077)
    assert not [line for line in again.stderr.splitlines() if line.endswith("-tool")]
