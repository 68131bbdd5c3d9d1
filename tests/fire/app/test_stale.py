"""What quick runs have left goes after a month, by `store gc`."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest
from tests.support.workbench import Workbench, table

from enve_fire.app import verify

DAY = 86_400


def gc(bench: Workbench, *words: str) -> None:
    done = bench.stages("store", "gc", *words)
    assert done.returncode == 0, done.stderr


def aged(path: Path, days: float) -> Path:
    then = time.time() - days * DAY
    os.utime(path, (then, then), follow_symlinks=False)
    return path


def run(bench: Workbench, *words: str | Path) -> subprocess.CompletedProcess[str]:
    return bench.fire("run", "-f", bench.profile(table()), bench.path / "greet", *words)


def test_what_nobody_has_run_for_a_month_goes(bench: Workbench) -> None:
    bench.source()
    assert run(bench).stdout == "hello you\n"
    cache = bench.home / ".cache/enve"
    bench.write(cache / "stat/0", "of a folder")
    there = {path for kind in ("rc", "stat") for path in (cache / kind).iterdir()}
    assert len(there) == 2
    for path in there:
        aged(path, 29)
    gc(bench)
    assert all(path.exists() for path in there)
    for path in there:
        aged(path, 31)
    gc(bench, "--dry-run")
    assert all(path.exists() for path in there)
    gc(bench)
    assert not any(path.exists() for path in there)
    assert run(bench).stdout == "hello you\n"


def test_only_files_of_ours_go(bench: Workbench) -> None:
    log = bench.home / ".cache/enve/log"
    log.mkdir(parents=True)
    (log / "folder").mkdir()
    (log / "link").symlink_to("/etc/passwd")
    (log / "file").touch()
    (log / "open").touch()
    (log / "open").chmod(0o666)
    for path in log.iterdir():
        aged(path, 99)
    if os.geteuid() == 0:
        (log / "another's").touch()
        aged(log / "another's", 99)
        os.chown(log / "another's", 1, 1)
    kept = {path.name for path in log.iterdir()} - {"file"}
    gc(bench)
    assert {path.name for path in log.iterdir()} == kept
    log.rename(bench.path / "elsewhere")
    log.symlink_to(bench.path / "elsewhere")
    (log / "file2").touch()
    aged(log / "file2", 99)
    gc(bench)
    assert (log / "file2").exists()


def test_more_than_verify_looks_at_is_told(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.source()
    root = bench.path / "root"
    assert run(bench, "--root", root).returncode == 0
    lines: list[str] = []
    assert len(verify.verify([], bench.env, True, False, lines.append)) == 1
    assert lines == []
    (bench.home / ".cache/enve/rc/another").touch()
    monkeypatch.setattr(verify, "MOST", 1)
    verify.verify([], bench.env, True, False, lines.append)
    assert len(lines) == 1
    assert "are passed by" in lines[0]
