"""Each stage that has nothing to do makes no entry and no mark, and writes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.support.workbench import Workbench, table


def states(folder: Path) -> dict[str, tuple[int, ...]]:
    """What every change shows in; who only looks leaves another time of access."""
    found = {str(path): path.lstat() for path in (folder, *folder.rglob("*"))}
    return {
        path: (one.st_ino, one.st_mode, one.st_size, one.st_mtime_ns, one.st_ctime_ns)
        for path, one in found.items()
    }


def catalogs(bench: Workbench) -> set[str]:
    """Those of the store that have an entry; of `tree` nothing but hashes are kept."""
    store = bench.home / ".cache/enve/store"
    names = {path.name.rpartition("-")[2] for path in store.iterdir()} if store.exists() else set()
    return {name for name in names if bench.entries(name)} - {"tree"}


def bare(**more: Any) -> dict[str, Any]:
    """A product that has only something to run."""
    found = table(run={"cmd": ["./greet"]}, **more)
    del found["build"]
    return found


def test_checkout_of_a_folder_of_ones_own(bench: Workbench) -> None:
    folder = bench.source()
    before = states(folder)
    assert bench.good("-f", bench.profile(bare(install={"mode": "none"})), folder) == "hello you"
    assert bench.good("build", "-f", bench.profile(bare()), folder) == str(folder)
    assert states(folder) == before
    assert catalogs(bench) == set()


def test_parse_of_a_profile_that_is_given(bench: Workbench) -> None:
    """What lies in the source is not even looked at."""
    folder = bench.source(enve__json='{"enve": 1')
    assert bench.good("-f", bench.profile(bare()), folder) == "hello you"


def test_settle_without_a_section(bench: Workbench) -> None:
    folder, profile = bench.source(), bench.profile(bare())
    for target in ("setup", "run"):
        bench.good(target, "-f", profile, folder)
    assert not (bench.home / ".cache/enve/root").exists()
    assert not (bench.home / ".local").exists()
    bench.good("unsettle", "-f", profile, folder)


def test_build_without_commands(bench: Workbench) -> None:
    folder, profile = bench.source(), bench.profile(bare())
    assert bench.good("-f", profile, folder) == "hello you"
    assert catalogs(bench) == {"install"}


def test_install_of_what_runs_where_it_lies(bench: Workbench) -> None:
    folder, profile = bench.source(), bench.profile(bare(install={"mode": "none"}))
    assert bench.good("install", "-f", profile, folder) == str(folder)
    assert bench.good("-f", profile, folder) == "hello you"
    assert catalogs(bench) == set()


def test_setup_without_files_and_commands(bench: Workbench) -> None:
    folder, profile = bench.source(), bench.profile(bare())
    root = Path(bench.good("install", "-f", profile, folder)).parents[1]
    before = states(root)
    assert bench.good("setup", "-f", profile, folder) == f"{root}/opt/greet"
    assert bench.good("-f", profile, folder) == "hello you"
    assert states(root) == before
    assert not (root / ".enve/setup").exists()


def test_all_of_it_a_second_time(bench: Workbench) -> None:
    """The marks are enough, though no rc file says so."""
    file = {"path": "/opt/greet/etc/name", "mode": 0o644, "content": "Ann"}
    profile = bench.profile(table(setup={"files": [file], "run": ["date +%N >etc/when"]}))
    folder = bench.source()
    root = Path(bench.good("setup", "-f", profile, folder)).parents[1]
    before = {**states(root), **states(bench.shelf("build"))}
    assert bench.good("setup", "-f", profile, folder) == f"{root}/opt/greet"
    assert bench.good("-f", profile, folder) == "hello you"
    assert {**states(root), **states(bench.shelf("build"))} == before
