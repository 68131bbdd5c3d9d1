"""A machine that does not give what is wanted: it is told, with what to do, and harms nothing."""

from __future__ import annotations

import errno
import os
import subprocess
from pathlib import Path

import pytest
from tests.support.forked import forked
from tests.support.workbench import ARGV, table

from enve_fire.app.quick import cache
from enve_fire.core.trouble import Trouble, troubled
from enve_fire.store.store import Store

FAT = {
    "run": [
        "mkdir -p $OUT$PREFIX/bin",
        "cp greet $OUT$PREFIX/bin",
        "head -c 150000 /dev/zero >$OUT$PREFIX/data",
    ],
    "sandbox": "none",
}


def refused(bench, code: int, told: str, *words: object) -> None:
    done = bench.fire(*words)
    assert done.returncode == code, done.stderr
    assert told in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("store", "code", "told"),
    [
        ("store", 64, "ENVE_STORE: wanted absolute folders, found 'store'"),
        ("/tmp/a b", 64, "ENVE_STORE: wanted a path without blanks"),
        ("https://x", 64, "ENVE_STORE: the first member is written to"),
        ("/dev/null", 64, "/dev/null: wanted a store's folder, found none"),
        ("/proc/nope/x", 69, "the store /proc/nope/x cannot be written to"),
    ],
)
def test_a_store_that_can_be_none(bench, store, code, told):
    bench.env["ENVE_STORE"] = store
    refused(bench, code, told, "-f", bench.profile(table()), bench.source())


@pytest.mark.parametrize("home", [None, "relative"])
def test_without_a_home_a_store_has_to_be_named(bench, home):
    profile, folder = bench.profile(table()), bench.source()
    bench.env.pop("HOME")
    bench.env.update({"HOME": home} if home else {})
    refused(bench, 64, "no place for a store: HOME is not set", "-f", profile, folder)
    bench.env["ENVE_STORE"] = str(bench.path / "store")
    assert bench.good("-f", profile, folder) == "hello you"
    assert cache(bench.env) == "/dev/null/.cache/enve"  # nothing of it is left anywhere
    refused(bench, 3, "/dev/null", "module", "-f", profile, folder)


def test_a_home_that_cannot_be_written_to_is_not_needed_for_a_test(bench):
    profile = bench.profile(table(test={"run": ["echo why; ./greet"]}))
    folder = bench.source()
    bench.env["ENVE_STORE"] = str(bench.path / "store")
    bench.write(bench.home / ".cache", "no folder")
    assert bench.good("test", "-f", profile, folder) == ""


def test_a_store_that_nothing_can_be_written_to(bench, small_disk):
    profile, folder = bench.profile(table()), bench.source()
    bench.env["ENVE_STORE"] = str(small_disk)
    made = bench.good("build", "-f", profile, folder)
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    assert bench.good("build", "-f", profile, folder) == made
    told = f"the store {small_disk} cannot be written to"
    refused(bench, 69, told, "run", "-f", profile, folder)


@pytest.mark.parametrize(
    ("name", "value"), [("ENVE_STORE_LIMIT", "lots"), ("ENVE_JOBS", "many"), ("ENVE_JOBS", "0")]
)
def test_a_variable_that_says_nothing_good_is_named(bench, name, value):
    bench.env[name] = value
    refused(bench, 64, f"{name}: wanted", "build", "-f", bench.profile(table()), bench.source())


def test_a_prefix_without_blanks(bench):
    wanted = table(prefix="/opt/my app")
    refused(bench, 65, "a path without blanks", "-f", bench.profile(wanted), bench.source())


@pytest.mark.parametrize("verb", [["store", "list"], ["build"]])
def test_only_what_is_printed_has_no_room(bench, verb):
    more = [] if verb[0] == "store" else ["fire", "-f", bench.profile(table()), bench.source()]
    words = [*more[:1], *verb, *more[1:]]
    with Path("/dev/full").open("w") as full:
        argv = [*ARGV, *words]
        done = subprocess.run(argv, env=bench.env, stdout=full, stderr=-1, text=True, check=False)
    assert done.returncode == 69
    assert "No space left on device: what the output goes to" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("code", [errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC])
def test_what_may_not_be_written_is_lacking(code):
    assert troubled(OSError(code, "refused", "/store")).code == 69


def test_a_store_in_a_home_of_somebody_else(tmp_path):
    (tmp_path / "home").mkdir(mode=0o700)
    store = Store.of({"ENVE_STORE": str(tmp_path / "home/store")}, uid=1)

    def work():
        os.setresuid(1, 1, 1)
        with pytest.raises(Trouble, match="set ENVE_STORE") as told:
            list(store.folders())
        assert told.value.code == 69

    forked(work)


def test_a_disk_that_is_full(bench, small_disk):
    """256 KiB: one artifact fits, what is installed or packed of it does not."""
    profile, folder = bench.profile(table(build=FAT, install={"mode": "copy"})), bench.source()
    bench.env["ENVE_STORE"] = str(small_disk)
    made = bench.good("build", "-f", profile, folder)
    refused(bench, 69, "no space is left to make", "run", "-f", profile, folder)
    bigger = {**FAT, "run": [*FAT["run"], "cat $OUT$PREFIX/data >$OUT$PREFIX/more"]}
    refused(bench, 82, "No space left", "build", "-f", bench.profile(table(build=bigger)), folder)
    assert list(small_disk.rglob(".tmp.*")) == []
    assert bench.good("build", "-f", bench.profile(table(build=FAT)), folder) == made


def test_a_disk_that_is_full_gets_no_half_of_a_package(bench, small_disk):
    noise = "head -c 300000 /dev/urandom >$OUT$PREFIX/data"
    build = {**FAT, "run": [*FAT["run"][:2], noise]}
    profile, folder = bench.profile(table(build=build)), bench.source()
    target = small_disk / "x.tar.gz"
    argv = [*ARGV, "makepkg", "-f", profile, "-o", target, folder]
    done = subprocess.run(argv, env=bench.env, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (69, "")
    assert f"{target}: No space left" in done.stderr
    assert list(small_disk.iterdir()) == []
