"""What quick runs have left goes after a month, by `store gc`."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from functools import partial
from pathlib import Path

import pytest
from tests.support.forked import in_own_mounts
from tests.support.workbench import Workbench, table

from enve_fire.app import verify
from enve_fire.core import mark
from enve_fire.core.digest import hash_of
from enve_pm.maker import libc

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


def test_a_root_that_was_not_laid_for_a_month_goes(bench: Workbench) -> None:
    """But none that is laid, that somebody is at, or that is not ours."""
    roots = bench.home / ".cache/enve/root"

    def root(name: str, days: float) -> Path:
        written = roots / name / mark.ROOT
        bench.write(written, mark.text(hash_of("s", name), {"lines": []}).decode())
        bench.write(roots / name / "store/files", "many")
        for path in (written, roots / name):
            aged(path, days)
        return roots / name

    left, young, held, laid = (root(*one) for one in (("a", 31), ("b", 29), ("c", 31), ("d", 31)))
    shared = root("e", 31)
    shared.chmod(0o777)
    (roots / "link").symlink_to(young)
    with subprocess.Popen(["sleep", "1000"], cwd=held) as somebody:
        try:
            if os.geteuid() == 0:
                in_own_mounts(partial(_gc_where_it_is_laid, bench, laid))
            else:
                shutil.rmtree(laid)
                gc(bench)
        finally:
            somebody.kill()
    assert not left.exists()
    assert all((one / "store/files").exists() for one in (young, held, shared))
    gc(bench)
    assert not held.exists() and not laid.exists()
    assert (roots / "link").is_symlink()


def _gc_where_it_is_laid(bench: Workbench, laid: Path) -> None:
    (laid / "root").mkdir()
    aged(laid, 31)
    libc.mount("tmpfs", str(laid / "root"), "tmpfs", 0)
    gc(bench)
    assert (laid / "store/files").exists()


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
