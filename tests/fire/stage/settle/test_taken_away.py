"""A root goes when nobody uses it, and as a whole; one alone is at it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from tests.support.forked import forked, in_own_mounts
from tests.support.killed import at_every_step
from tests.support.rooted import (
    CACHE,
    DATA,
    MACHINE,
    USER,
    context,
    mounts_below,
    product_of,
    says,
    standing,
)

from enve_fire.core.settle.settling import shown
from enve_fire.core.trouble import SETTLE, Trouble
from enve_fire.stage.install import held
from enve_fire.stage.install.held import Held
from enve_fire.stage.settle.lock import RootLock
from enve_fire.stage.settle.settle import SPOT, settle, unsettle

pytestmark = [pytest.mark.real, pytest.mark.host]


@pytest.mark.parametrize("isolate", ["chroot", "jail"])
def test_nothing_is_taken_from_under_who_stands_in_it(tmp_path: Path, isolate: str) -> None:
    volumes = [{"path": "data"}]
    wanted = product_of(mounts=[*MACHINE, DATA, CACHE], volumes=volumes, isolate=isolate)
    home = tmp_path / "home"

    def work() -> None:
        settle(wanted, context(), str(home))
        rows = home / "spots/volume-data!settle@here/data/rows"
        before = mounts_below(home)
        with standing(wanted, home) as process:
            for _ in range(2):
                with pytest.raises(Trouble, match=r"in use by pid [0-9]+") as refused:
                    unsettle(str(home), purge=True)
                assert refused.value.code == SETTLE
                assert mounts_below(home) == before
                says(process, "now")
            changed = product_of(mounts=[*MACHINE, DATA], volumes=volumes, isolate=isolate)
            with pytest.raises(Trouble, match="in use by pid"):
                settle(changed, context(), str(home))
            says(process, "then")
            assert rows.read_text() == "now\nnow\nthen\n"
            assert settle(wanted, context(), str(home)).root
            assert mounts_below(home) == before
            assert process.stdin
            process.stdin.close()
        unsettle(str(home))
        assert mounts_below(home) == []

    in_own_mounts(work)


@pytest.mark.parametrize("isolate", ["chroot", "jail"])
def test_who_stands_in_it_elsewhere_is_seen(tmp_path: Path, isolate: str) -> None:
    volumes = [{"path": "data"}]
    wanted = product_of(mounts=[*MACHINE, DATA], volumes=volumes, isolate=isolate)

    def elsewhere() -> None:
        for at in mounts_below(tmp_path):
            subprocess.run(["umount", at], check=True)
        with pytest.raises(Trouble, match="in use by pid"):
            unsettle(str(tmp_path), purge=True)

    def work() -> None:
        settle(wanted, context(), str(tmp_path))
        with standing(wanted, tmp_path) as process:
            in_own_mounts(elsewhere)
            says(process, "now")
            assert (tmp_path / "spots/volume-data!settle@here/data/rows").read_text() == "now\n"
            assert process.stdin
            process.stdin.close()
        unsettle(str(tmp_path))

    in_own_mounts(work)


def test_who_has_but_a_file_open_keeps_it_there(tmp_path: Path) -> None:
    wanted = product_of(mounts=[*MACHINE, CACHE])

    def work() -> None:
        root = settle(wanted, context(), str(tmp_path)).root
        before = mounts_below(tmp_path)
        held_by = pytest.raises(Trouble, match=str(os.getpid()))
        with Path(root, "var/cache/file").open("w"), held_by:
            unsettle(str(tmp_path))
        assert mounts_below(tmp_path) == before
        unsettle(str(tmp_path))

    in_own_mounts(work)


def test_what_was_not_taken_away_is_kept_in_mind(tmp_path: Path) -> None:
    wanted = product_of(mounts=[*MACHINE, CACHE])

    def work() -> None:
        root = settle(wanted, context(), str(tmp_path)).root
        theirs = Path(root, "usr/lib")
        subprocess.run(["mount", "-t", "tmpfs", "theirs", theirs], check=True)
        here = Path.cwd()
        for _ in range(2):  # the kernel refuses it, when others are gone already
            with pytest.raises(Trouble, match=r"root!settle@here\] stays: .*mounted in it"):
                unsettle(str(tmp_path))
            assert [line["name"] for line in Held(str(tmp_path)).lines][-1] == "[root!settle@here]"
        assert Path.cwd() == here
        with pytest.raises(Trouble, match=r"root!settle@here\] stays"):
            settle(wanted, context(), str(tmp_path))
        subprocess.run(["umount", theirs], check=True)
        unsettle(str(tmp_path))
        assert mounts_below(tmp_path) == []
        assert Held(str(tmp_path)).lines == []

    in_own_mounts(work)


def test_why_it_failed_is_told_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = product_of(mounts=[*MACHINE, {"type": "bind", "src": "/no/such", "dst": "/a"}])

    def work() -> None:
        monkeypatch.setattr(held, "users", lambda root: [os.getpid()])
        with pytest.raises(Trouble, match=f"/no/such.*in use by pid {os.getpid()}"):
            settle(wanted, context(), str(tmp_path))
        monkeypatch.undo()
        unsettle(str(tmp_path))
        assert mounts_below(tmp_path) == []

    in_own_mounts(work)


def test_many_at_once_lay_it_once(tmp_path: Path) -> None:
    wanted = product_of(mounts=[*MACHINE, CACHE], users=[USER])
    home, software = tmp_path / "home", tmp_path / "installed"
    software.mkdir()
    told: list[str] = []
    ctx = context()._replace(report=told.append)

    def one(ready: int, number: int) -> None:
        os.read(ready, 1)  # ends when all are there
        settle(wanted, ctx, str(home), "", [shown(SPOT, str(software), "/opt/app")])
        (tmp_path / str(number)).write_text(str(len(told)))

    def work() -> None:
        ready, go = os.pipe()
        pids = []
        for number in range(6):
            pid = os.fork()
            if not pid:
                os.close(go)
                forked(lambda: one(ready, number))  # noqa: B023
                os._exit(0)
            pids.append(pid)
        os.close(go)
        assert [os.waitpid(pid, 0)[1] for pid in pids] == [0] * 6
        assert sorted((tmp_path / str(n)).read_text() for n in range(6)) == ["0"] * 5 + ["1"]
        before = mounts_below(home)
        assert len(before) == len(set(before))
        unsettle(str(home))
        assert mounts_below(home) == []

    in_own_mounts(work)


def test_who_is_about_to_run_in_it_keeps_it_there(tmp_path: Path) -> None:
    def work() -> None:
        settle(product_of(mounts=MACHINE), context(), str(tmp_path))
        with RootLock(str(tmp_path), alone=False):
            with pytest.raises(Trouble, match="about to run") as refused:
                unsettle(str(tmp_path), purge=True)
            assert refused.value.code == SETTLE
            assert settle(product_of(mounts=MACHINE), context(), str(tmp_path)).root
        unsettle(str(tmp_path))

    in_own_mounts(work)


def test_nothing_is_purged_that_somebody_else_has_mounted(tmp_path: Path) -> None:
    wanted = product_of(mounts=[*MACHINE])

    def work() -> None:
        settle(wanted, context(), str(tmp_path))
        theirs = tmp_path / "spots/here/theirs"
        theirs.mkdir(parents=True)
        subprocess.run(["mount", "-t", "tmpfs", "theirs", theirs], check=True)
        (theirs / "file").write_text("theirs")
        with pytest.raises(Trouble, match=f"{theirs} is mounted in it") as refused:
            unsettle(str(tmp_path), purge=True)
        assert refused.value.code == SETTLE
        assert (theirs / "file").read_text() == "theirs"

    in_own_mounts(work)


@pytest.mark.parametrize("every", [41, pytest.param(1, marks=pytest.mark.nightly)])
def test_killed_at_any_step_the_next_one_is_right(memory: Path, every: int) -> None:
    wanted = product_of(mounts=[*MACHINE, CACHE])
    home = memory / "home"

    def work() -> None:
        for _ in at_every_step(lambda: settle(wanted, context(), str(home)), every):
            found = settle(wanted, context(), str(home))
            assert Path(found.root, "usr/bin").is_dir()
            unsettle(str(home), purge=True)
        unsettle(str(home), purge=True)

    in_own_mounts(work)
