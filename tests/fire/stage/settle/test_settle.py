"""Roots that are really made: on this machine, by pm's own units."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from tests.support.brood import state
from tests.support.forked import in_own_mounts
from tests.support.rooted import (
    CACHE,
    DATA,
    MACHINE,
    USER,
    context,
    fetching,
    mounts_below,
    product_of,
    run,
)
from tests.support.wait import until

from enve_fire.core.settle.settling import shown
from enve_fire.core.trouble import SETTLE, Trouble
from enve_fire.stage import marks
from enve_fire.stage.settle import unit as rootunit
from enve_fire.stage.settle.settle import SPOT, settle, unsettle

pytestmark = [pytest.mark.real, pytest.mark.host]


@pytest.mark.parametrize("isolate", ["chroot", "jail"])
def test_a_root_of_what_is_shown(tmp_path: Path, isolate: str) -> None:
    volume = {"path": "data", "mode": 0o750}
    mounts = [*MACHINE, DATA, CACHE]
    wanted = product_of(mounts=mounts, volumes=[volume], users=[USER], isolate=isolate)
    software = tmp_path / "installed"
    software.mkdir()
    (software / "hello").write_text("hello\n")

    def work() -> None:
        home = tmp_path / "home"
        seen = [shown(SPOT, str(software), "/opt/app")]
        found = settle(wanted, context(), str(home), "", seen)
        assert settle(wanted, context(), str(home), "", seen).hash == found.hash
        assert run(wanted, home, "/bin/cat", "/opt/app/hello") == "hello\n"
        assert run(wanted, home, "/bin/sh", "-c", "echo $$").strip() in (
            ("1",) if isolate == "jail" else (str(n) for n in range(1 << 22))
        )
        assert "app:x:4711:4711" in run(wanted, home, "/bin/grep", "app", "/etc/passwd")
        run(wanted, home, "/bin/sh", "-c", "echo kept > /srv/data/file")
        assert "tmpfs" in run(wanted, home, "/bin/sh", "-c", "grep /var/cache /proc/self/mounts")
        assert not (Path(found.root) / "home").exists()
        unsettle(str(home))
        assert mounts_below(home) == []
        assert (home / "spots/volume-data!settle@here/data/file").read_text() == "kept\n"
        assert marks.read_hash(str(home / ".enve/root")) == ""
        unsettle(str(home), purge=True)
        assert not home.exists()

    in_own_mounts(work)


def test_what_was_unmounted_is_missed(tmp_path: Path) -> None:
    wanted = product_of(mounts=[*MACHINE, CACHE])

    def work() -> None:
        found = settle(wanted, context(), str(tmp_path))
        subprocess.run(["umount", found.root + "/var/cache"], check=True)
        settle(wanted, context(), str(tmp_path))
        assert any(at.endswith("/var/cache") for at in mounts_below(tmp_path))
        changed = product_of(mounts=[*MACHINE])
        assert settle(changed, context(), str(tmp_path)).hash != found.hash
        assert not any(at.endswith("/var/cache") for at in mounts_below(tmp_path))
        unsettle(str(tmp_path))

    in_own_mounts(work)


def test_software_that_was_replaced_is_shown_anew(tmp_path: Path) -> None:
    wanted = product_of(mounts=[*MACHINE])
    home, software = tmp_path / "home", tmp_path / "installed/opt/app"

    def install(text: str) -> None:
        software.mkdir(parents=True)
        (software / "hello").write_text(text)

    def work() -> None:
        install("old")
        settle(wanted, context(), str(home), "", [shown(SPOT, str(software), "/opt/app")])
        software.parent.parent.rename(tmp_path / "aside")
        shutil.rmtree(tmp_path / "aside")
        install("new")
        settle(wanted, context(), str(home), "", [shown(SPOT, str(software), "/opt/app")])
        assert run(wanted, home, "/bin/cat", "/opt/app/hello") == "new"
        unsettle(str(home))
        assert mounts_below(home) == []

    in_own_mounts(work)


def test_an_overlay_over_a_folder_and_an_archive(tmp_path: Path) -> None:
    base = tmp_path / "base"
    (base / "etc").mkdir(parents=True)
    (base / "etc/motd").write_text("base\n")
    packed = tmp_path / "root.tar.gz"
    subprocess.run(["tar", "-C", base, "-czf", packed, "."], check=True)

    def work(section: dict[str, Any], home: Path) -> None:
        found = settle(product_of(**section), fetching(tmp_path), str(home))
        motd = Path(found.root) / "etc/motd"
        assert motd.read_text() == "base\n"
        motd.write_text("written\n")
        unsettle(str(home))
        assert (base / "etc/motd").read_text() == "base\n"
        assert mounts_below(home) == []

    in_own_mounts(lambda: work({"from": f"snapshot:{base}"}, tmp_path / "one"))
    in_own_mounts(lambda: work({"from": f"tar:file://{packed}"}, tmp_path / "two"))


def test_what_cannot_be_made_leaves_nothing_mounted(tmp_path: Path) -> None:
    wanted = product_of(mounts=[*MACHINE, CACHE, {"type": "bind", "src": "/no/such", "dst": "/a"}])

    def work() -> None:
        with pytest.raises(Trouble, match="/no/such") as failed:
            settle(wanted, context(), str(tmp_path))
        assert failed.value.code == SETTLE
        assert mounts_below(tmp_path) == []

    in_own_mounts(work)


def test_of_archives_the_last_one_is_kept(tmp_path: Path) -> None:
    def work() -> None:
        home, base = tmp_path / "home", tmp_path / "base"
        ctx = fetching(tmp_path)
        base.mkdir()
        for text in ("older", "newer"):
            (base / "file").write_text(text)
            packed = tmp_path / (text + ".tar")
            subprocess.run(["tar", "-C", base, "-cf", packed, "."], check=True)
            wanted = product_of(**{"from": f"tar:file://{packed}"})
            root = Path(settle(wanted, ctx, str(home)).root)
            assert (root / "file").read_text() == text
        (kept,) = (home / "store").iterdir()
        subprocess.run(["umount", root / "proc"], check=True)
        kept.unlink()
        assert settle(wanted, ctx, str(home)).root
        assert kept.is_file()
        unsettle(str(home))

    in_own_mounts(work)


def test_debootstrap_is_told_nothing_of_the_caller(tmp_path: Path) -> None:
    program = tmp_path / "mmdebstrap"
    program.write_text("#!/bin/sh\nmkdir $OUT/t; env >$OUT/t/env; tar -C $OUT/t -cf $3 .\n")
    program.chmod(0o755)
    environ = {"PATH": str(tmp_path), "http_proxy": "http://p:1", "TOKEN": "secret"}

    def work() -> None:
        os.environ.update(environ)
        ctx = fetching(tmp_path)._replace(environ=environ)
        wanted = product_of(**{"from": {"debootstrap": {"suite": "stable"}}})
        env = Path(settle(wanted, ctx, str(tmp_path / "home")).root, "env").read_text()
        assert "TOKEN" not in env
        assert "http_proxy=http://p:1\n" in env
        assert "SUITE=stable\n" in env
        unsettle(str(tmp_path / "home"))

    in_own_mounts(work)


def test_what_takes_too_long_in_a_root_is_ended_with_all_it_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rootunit, "PATIENCE", 0.5)
    pid = tmp_path / "pid"
    script = f"sleep 1000 & echo $! >{pid}.new; mv {pid}.new {pid}; wait"
    root = {"kind": "subroot", "name": "[root!settle@here]", "subroot": {"at": "/"}}
    line = {"v": 1, "name": "[user-app!settle@here]", "kind": "resource"}
    line["check"] = line["make"] = ["/bin/sh", "-c", script]
    assert "is not done after" in rootunit.unit(str(tmp_path), line, [root]).check()
    until(lambda: state(int(pid.read_text())) in ("", "Z"), "it to be gone")


def test_no_section_is_no_root(tmp_path: Path) -> None:
    assert settle(product_of(), context(), str(tmp_path / "home")) == ("", "", None)
    assert not (tmp_path / "home").exists()
