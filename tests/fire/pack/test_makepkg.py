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

import pytest
from tests.support.interpreter import python_for

from enve_fire.core.trouble import REFUSED, Trouble
from enve_fire.pack import signature

MAIN = Path(__file__).parents[3] / "remote/enve_fire/__main__.py"
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
    argv = [*who, "sh", "-c", script, "sh", python, "-I", "-S", str(MAIN), *words, *more]
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
    (shared / "enve.json").write_text(json.dumps({**TABLE, "build": {"run": ["echo why; false"]}}))
    done = _makepkg(shared, "root", 0o022)
    assert done.returncode == 82
    assert "why" in done.stderr
    assert not list((shared / "home-root-22").glob("*.tar.gz*"))


def _gpg(home: Path, *words: str) -> None:
    env = {**os.environ, "GNUPGHOME": str(home)}
    subprocess.run(["gpg", "--batch", *words], env=env, check=True, capture_output=True)


def test_a_signature_holds_for_what_was_signed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Path(tempfile.mkdtemp())
    monkeypatch.setenv("GNUPGHOME", str(home))
    try:
        _gpg(home, "--passphrase", "", "--quick-gen-key", "me", "ed25519", "sign", "never")
        _gpg(home, "--output", str(tmp_path / "me.gpg"), "--export", "me")
        package = tmp_path / "p.tar.gz"
        package.write_bytes(b"a package")
        with pytest.raises(Trouble, match="is not signed"):
            signature.verify(str(package), str(tmp_path / "me.gpg"))
        assert signature.sign(str(package), "me") == f"{package}.sig"
        signature.verify(str(package), str(tmp_path / "me.gpg"))
        package.write_bytes(b"another")
        with pytest.raises(Trouble, match="does not hold") as refused:
            signature.verify(str(package), str(tmp_path / "me.gpg"))
        assert refused.value.code == REFUSED
        with pytest.raises(Trouble, match="gpg does not sign"):
            signature.sign(str(package), "nobody")
    finally:
        subprocess.run(["gpgconf", "--kill", "all"], check=False)
        subprocess.run(["rm", "-rf", home], check=True)


def test_a_package_comes_into_another_store(shared: Path) -> None:
    made = _makepkg(shared, "root", 0o022).stdout.strip()
    words = ["makepkg", "--import", made]
    env = {"PATH": os.environ["PATH"], "HOME": str(shared / "home-root-77")}
    (shared / "home-root-77").mkdir()
    argv = [sys.executable, "-I", "-S", str(MAIN), *words]
    done = subprocess.run(argv, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip(), "opt/tool/bin/tool").stat().st_mode & 0o7777 == 0o4555
    again = _makepkg(shared, "root", 0o077)
    assert not [line for line in again.stderr.splitlines() if line.endswith("-tool")]
    refused = subprocess.run(
        [*argv, "--keyring", "/dev/null"], env=env, capture_output=True, text=True, check=False
    )
    assert refused.returncode == REFUSED
