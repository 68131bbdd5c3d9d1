"""Secrets of a product that is fired: where they are wanted, and nowhere else."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

PROFILE = """\
enve: 1
title: web
vars: {pw: !secret db}
build: {run: "mkdir -p $OUT$PREFIX && echo web >$OUT$PREFIX/name"}
setup:
  files: [{path: etc/web.conf, template: "password={{ pw }}\\n"}]
  run: "wc -c etc/web.conf"
run: {cmd: [/bin/sh, -c, 'cat $ROOT$PREFIX/etc/web.conf; echo $PW'], env: {PW: !secret db}}
"""
Enve = Callable[..., str]


@pytest.fixture
def enve(tmp_path: Path) -> Enve:
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "enve.yml").write_text(PROFILE)
    (tmp_path / "secrets.yml").write_text("db: {env: DB}\n")
    (tmp_path / "home").mkdir()

    def run(secret: str, *words: str, code: int = 0) -> str:
        env = {"HOME": str(tmp_path / "home"), "PATH": os.environ["PATH"], "DB": secret}
        words = (sys.executable, "-m", "enve", *words, "--secrets", "../secrets.yml")
        done = subprocess.run(
            words, env=env, cwd=tmp_path / "web", capture_output=True, text=True, check=False
        )
        assert done.returncode == code, done.stderr
        assert secret not in done.stderr
        return done.stdout

    return run


def holding(top: Path, secret: str) -> Iterator[Path]:
    """Files with the secret that others could read, by all folders on the way."""
    for folder, folders, names in os.walk(top):
        folders[:] = [one for one in folders if (Path(folder) / one).stat().st_mode & 0o005]
        for name in names:
            path = Path(folder) / name
            told = path.lstat().st_mode
            if stat.S_ISREG(told) and told & 0o044 and secret.encode() in path.read_bytes():
                yield path


def test_a_secret_is_read_by_the_software_and_by_nobody_else(enve: Enve, tmp_path: Path) -> None:
    assert enve("geheim-1", "run") == "password=geheim-1\ngeheim-1\n"
    assert list(holding(tmp_path / "home", "geheim-1")) == []
    (conf,) = tmp_path.glob("home/**/etc/web.conf")
    assert stat.S_IMODE(conf.stat().st_mode) == 0o600


def test_another_secret_is_seen_the_next_time(enve: Enve) -> None:
    """Though no file of the profile has changed."""
    assert enve("geheim-1", "run") == "password=geheim-1\ngeheim-1\n"
    assert enve("geheim-2", "run") == "password=geheim-2\ngeheim-2\n"


def test_no_secret_is_left_in_the_file_of_a_module(enve: Enve, tmp_path: Path) -> None:
    enve("geheim-1", "module", code=64)
    assert not [*tmp_path.glob("home/**/rc/*")]
    (tmp_path / "web" / "enve.yml").write_text(PROFILE.replace(", env: {PW: !secret db}", ""))
    written = Path(enve("geheim-1", "module").strip())
    assert "geheim" not in written.read_text()


def test_a_secret_rebuilds_and_installs_nothing(enve: Enve, tmp_path: Path) -> None:
    first = enve("geheim-1", "install")
    artifact = enve("geheim-1", "build")
    assert enve("geheim-2", "install") == first
    assert enve("geheim-2", "build") == artifact


def test_where_no_plan_gives_one_the_file_of_secrets_is_named(enve: Enve, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "enve", "run", str(tmp_path / "web")],
        env={"HOME": str(tmp_path / "home"), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 65, done.stderr
    assert "no secret is called 'db'" in done.stderr
    assert "--secrets FILE" in done.stderr
    assert "`secrets`" not in done.stderr  # enve.yml has no such key
