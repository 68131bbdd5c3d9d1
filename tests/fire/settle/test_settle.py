"""Roots that are really made: on this machine, by pm's own units."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.support.brood import state
from tests.support.forked import forked, in_own_mounts
from tests.support.killed import at_every_step
from tests.support.wait import until

from enve_fire.core.product import Product
from enve_fire.core.settling import shown
from enve_fire.core.trouble import FAILED, SETTLE, Trouble
from enve_fire.stage import held, marks, rootunit
from enve_fire.stage.context import Context
from enve_fire.stage.held import Held
from enve_fire.stage.rootlock import RootLock
from enve_fire.stage.settle import SPOT, room, settle, unsettle
from enve_pm.shell.process import mountinfo

pytestmark = [pytest.mark.real, pytest.mark.host]

MACHINE = [
    {"type": "bind", "src": path, "dst": path, "ro": True}
    for path in ("/usr", "/etc/ssl")
    if Path(path).is_dir()
]
DATA = {"type": "bind", "src": "data", "dst": "/srv/data"}
CACHE = {"type": "tmpfs", "dst": "/var/cache", "size": 65536}
ENTER = "from enve_fire.stage.entering import enter; enter(%r, %r, %r)"
USER = {"name": "app", "uid": 4711}


def _product(**section: Any) -> Product:
    table = {"enve": 1, "title": "app", "prefix": "/opt/app", "settle": section}
    return Product("file:///nowhere", "tree:none", table)


def _context() -> Context:
    return Context(None, None, lambda line: None, 1, ("Linux", "x86_64", ""), {})


def _run(product: Product, home: Path, *argv: str) -> str:
    with _begun(product, home, *argv, stdout=subprocess.PIPE, text=True) as process:
        said = process.communicate()[0]
    assert process.returncode == 0
    return str(said)


def _begun(product: Product, home: Path, *argv: str, **how: Any) -> subprocess.Popen[Any]:
    """In its root, in place of a Python of its own."""
    env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
    return subprocess.Popen(
        [sys.executable, "-c", ENTER % (room(product, str(home)), argv, env)], **how
    )


def _mounts(home: Path) -> list[str]:
    return [mount.at for mount in mountinfo.below(str(home), mountinfo.read())]


@pytest.mark.parametrize("isolate", ["chroot", "jail"])
def test_a_root_of_what_is_shown(tmp_path: Path, isolate: str) -> None:
    volume = {"path": "data", "mode": 0o750}
    mounts = [*MACHINE, DATA, CACHE]
    wanted = _product(mounts=mounts, volumes=[volume], users=[USER], isolate=isolate)
    software = tmp_path / "installed"
    software.mkdir()
    (software / "hello").write_text("hello\n")

    def work() -> None:
        home = tmp_path / "home"
        seen = [shown(SPOT, str(software), "/opt/app")]
        found = settle(wanted, _context(), str(home), "", seen)
        assert settle(wanted, _context(), str(home), "", seen).hash == found.hash
        assert _run(wanted, home, "/bin/cat", "/opt/app/hello") == "hello\n"
        assert _run(wanted, home, "/bin/sh", "-c", "echo $$").strip() in (
            ("1",) if isolate == "jail" else (str(n) for n in range(1 << 22))
        )
        assert "app:x:4711:4711" in _run(wanted, home, "/bin/grep", "app", "/etc/passwd")
        _run(wanted, home, "/bin/sh", "-c", "echo kept > /srv/data/file")
        assert "tmpfs" in _run(wanted, home, "/bin/sh", "-c", "grep /var/cache /proc/self/mounts")
        assert not (Path(found.root) / "home").exists()
        unsettle(str(home))
        assert _mounts(home) == []
        assert (home / "spots/volume-data!settle@here/data/file").read_text() == "kept\n"
        assert marks.read_hash(str(home / ".enve/root")) == ""
        unsettle(str(home), purge=True)
        assert not home.exists()

    in_own_mounts(work)


def test_what_was_unmounted_is_missed(tmp_path: Path) -> None:
    wanted = _product(mounts=[*MACHINE, CACHE])

    def work() -> None:
        found = settle(wanted, _context(), str(tmp_path))
        subprocess.run(["umount", found.root + "/var/cache"], check=True)
        settle(wanted, _context(), str(tmp_path))
        assert any(at.endswith("/var/cache") for at in _mounts(tmp_path))
        changed = _product(mounts=[*MACHINE])
        assert settle(changed, _context(), str(tmp_path)).hash != found.hash
        assert not any(at.endswith("/var/cache") for at in _mounts(tmp_path))
        unsettle(str(tmp_path))

    in_own_mounts(work)


def test_software_that_was_replaced_is_shown_anew(tmp_path: Path) -> None:
    wanted = _product(mounts=[*MACHINE])
    home, software = tmp_path / "home", tmp_path / "installed/opt/app"

    def install(text: str) -> None:
        software.mkdir(parents=True)
        (software / "hello").write_text(text)

    def work() -> None:
        install("old")
        settle(wanted, _context(), str(home), "", [shown(SPOT, str(software), "/opt/app")])
        software.parent.parent.rename(tmp_path / "aside")
        shutil.rmtree(tmp_path / "aside")
        install("new")
        settle(wanted, _context(), str(home), "", [shown(SPOT, str(software), "/opt/app")])
        assert _run(wanted, home, "/bin/cat", "/opt/app/hello") == "new"
        unsettle(str(home))
        assert _mounts(home) == []

    in_own_mounts(work)


def test_an_overlay_over_a_folder_and_an_archive(tmp_path: Path) -> None:
    base = tmp_path / "base"
    (base / "etc").mkdir(parents=True)
    (base / "etc/motd").write_text("base\n")
    packed = tmp_path / "root.tar.gz"
    subprocess.run(["tar", "-C", base, "-czf", packed, "."], check=True)

    def work(section: dict[str, Any], home: Path) -> None:
        found = settle(_product(**section), _fetching(tmp_path), str(home))
        motd = Path(found.root) / "etc/motd"
        assert motd.read_text() == "base\n"
        motd.write_text("written\n")
        unsettle(str(home))
        assert (base / "etc/motd").read_text() == "base\n"
        assert _mounts(home) == []

    in_own_mounts(lambda: work({"from": f"snapshot:{base}"}, tmp_path / "one"))
    in_own_mounts(lambda: work({"from": f"tar:file://{packed}"}, tmp_path / "two"))


def _standing(product: Product, home: Path) -> subprocess.Popen[str]:
    """Whoever reads a line, and writes it to the volume; ends with its input."""
    script = "echo in; while read -r line; do echo $line >>/srv/data/rows; echo $line; done"
    how = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "bufsize": 1}
    found = _begun(product, home, "/bin/sh", "-c", script, **how)
    assert found.stdout and found.stdout.readline() == "in\n"
    return found


def _says(found: subprocess.Popen[str], line: str) -> None:
    assert found.stdin and found.stdout
    found.stdin.write(line + "\n")
    assert found.stdout.readline() == line + "\n"


HEARS = "trap 'exit 7' TERM; echo in; while :; do sleep 0.05; done"
DEAF = "trap '' TERM; echo in; while read -r line; do echo $line; done; exit 5"
PLAIN = "echo in; exec sleep 1000"
ENDS = [(HEARS, "TERM", 7), (DEAF, "TERM", 5), (PLAIN, "TERM", -15), (PLAIN, "KILL", -9)]


@pytest.mark.parametrize("isolate", ["chroot", "jail"])
def test_its_signals_and_its_exit_code_are_those_of_what_runs(tmp_path: Path, isolate: str) -> None:
    wanted = _product(mounts=MACHINE, isolate=isolate)
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "bufsize": 1}

    def one(script: str, number: int, code: int) -> None:
        with _begun(wanted, tmp_path, "/bin/sh", "-c", script, **pipes) as process:
            assert process.stdout.readline() == "in\n"
            process.send_signal(number)
            assert process.communicate("on\n")[0] == ("on\n" if code == 5 else "")
        assert process.returncode == code

    def work() -> None:
        settle(wanted, _context(), str(tmp_path))
        for script, name, code in ENDS:
            one(script, getattr(signal, "SIG" + name), code)
        assert _begun(wanted, tmp_path, "/bin/sh", "-c", "kill -11 $$; exit 3").wait() in (3, -11)
        unsettle(str(tmp_path))

    in_own_mounts(work)


def test_a_jail_stops_and_goes_on(tmp_path: Path) -> None:
    volumes = [{"path": "data"}]
    wanted = _product(mounts=[*MACHINE, DATA], volumes=volumes, isolate="jail")

    def work() -> None:
        settle(wanted, _context(), str(tmp_path))
        with _standing(wanted, tmp_path) as process:
            process.send_signal(signal.SIGTSTP)
            until(lambda: state(process.pid) == "T", "it to stop")
            process.send_signal(signal.SIGCONT)
            _says(process, "on")
            assert process.stdin
            process.stdin.close()
        assert process.returncode == 0
        unsettle(str(tmp_path))

    in_own_mounts(work)


def test_a_jail_has_processes_and_mounts_of_its_own(tmp_path: Path) -> None:
    wanted = _product(mounts=MACHINE, isolate="jail")

    def work() -> None:
        settle(wanted, _context(), str(tmp_path))
        count = "set -- /proc/[0-9]*; echo $# $$; wc -l </proc/self/mountinfo"
        said = _run(wanted, tmp_path, "/bin/sh", "-c", count).split()
        assert said[:2] == ["1", "1"]
        assert int(said[2]) < len(mountinfo.read())
        with _begun(wanted, tmp_path, "no-such", stderr=subprocess.PIPE, text=True) as process:
            assert "no-such cannot run in /" in process.communicate()[1]
        assert process.returncode == FAILED
        unsettle(str(tmp_path))

    in_own_mounts(work)


@pytest.mark.parametrize("isolate", ["chroot", "jail"])
def test_nothing_is_taken_from_under_who_stands_in_it(tmp_path: Path, isolate: str) -> None:
    volumes = [{"path": "data"}]
    wanted = _product(mounts=[*MACHINE, DATA, CACHE], volumes=volumes, isolate=isolate)
    home = tmp_path / "home"

    def work() -> None:
        settle(wanted, _context(), str(home))
        rows = home / "spots/volume-data!settle@here/data/rows"
        before = _mounts(home)
        with _standing(wanted, home) as process:
            for _ in range(2):
                with pytest.raises(Trouble, match=r"in use by pid [0-9]+") as refused:
                    unsettle(str(home), purge=True)
                assert refused.value.code == SETTLE
                assert _mounts(home) == before
                _says(process, "now")
            changed = _product(mounts=[*MACHINE, DATA], volumes=volumes, isolate=isolate)
            with pytest.raises(Trouble, match="in use by pid"):
                settle(changed, _context(), str(home))
            _says(process, "then")
            assert rows.read_text() == "now\nnow\nthen\n"
            assert settle(wanted, _context(), str(home)).root
            assert _mounts(home) == before
            assert process.stdin
            process.stdin.close()
        unsettle(str(home))
        assert _mounts(home) == []

    in_own_mounts(work)


def test_who_has_but_a_file_open_keeps_it_there(tmp_path: Path) -> None:
    wanted = _product(mounts=[*MACHINE, CACHE])

    def work() -> None:
        root = settle(wanted, _context(), str(tmp_path)).root
        before = _mounts(tmp_path)
        held_by = pytest.raises(Trouble, match=str(os.getpid()))
        with Path(root, "var/cache/file").open("w"), held_by:
            unsettle(str(tmp_path))
        assert _mounts(tmp_path) == before
        unsettle(str(tmp_path))

    in_own_mounts(work)


def test_what_was_not_taken_away_is_kept_in_mind(tmp_path: Path) -> None:
    wanted = _product(mounts=[*MACHINE, CACHE])

    def work() -> None:
        root = settle(wanted, _context(), str(tmp_path)).root
        theirs = Path(root, "usr/lib")
        subprocess.run(["mount", "-t", "tmpfs", "theirs", theirs], check=True)
        here = Path.cwd()
        for _ in range(2):  # the kernel refuses it, when others are gone already
            with pytest.raises(Trouble, match=r"root!settle@here\] stays: .*mounted in it"):
                unsettle(str(tmp_path))
            assert [line["name"] for line in Held(str(tmp_path)).lines][-1] == "[root!settle@here]"
        assert Path.cwd() == here
        with pytest.raises(Trouble, match=r"root!settle@here\] stays"):
            settle(wanted, _context(), str(tmp_path))
        subprocess.run(["umount", theirs], check=True)
        unsettle(str(tmp_path))
        assert _mounts(tmp_path) == []
        assert Held(str(tmp_path)).lines == []

    in_own_mounts(work)


def test_why_it_failed_is_told_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = _product(mounts=[*MACHINE, {"type": "bind", "src": "/no/such", "dst": "/a"}])

    def work() -> None:
        monkeypatch.setattr(held, "users", lambda root: [os.getpid()])
        with pytest.raises(Trouble, match=f"/no/such.*in use by pid {os.getpid()}"):
            settle(wanted, _context(), str(tmp_path))
        monkeypatch.undo()
        unsettle(str(tmp_path))
        assert _mounts(tmp_path) == []

    in_own_mounts(work)


def test_many_at_once_lay_it_once(tmp_path: Path) -> None:
    wanted = _product(mounts=[*MACHINE, CACHE], users=[USER])
    home, software = tmp_path / "home", tmp_path / "installed"
    software.mkdir()
    told: list[str] = []
    ctx = _context()._replace(report=told.append)

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
        before = _mounts(home)
        assert len(before) == len(set(before))
        unsettle(str(home))
        assert _mounts(home) == []

    in_own_mounts(work)


def test_who_is_about_to_run_in_it_keeps_it_there(tmp_path: Path) -> None:
    def work() -> None:
        settle(_product(mounts=MACHINE), _context(), str(tmp_path))
        with RootLock(str(tmp_path), alone=False):
            with pytest.raises(Trouble, match="about to run") as refused:
                unsettle(str(tmp_path), purge=True)
            assert refused.value.code == SETTLE
            assert settle(_product(mounts=MACHINE), _context(), str(tmp_path)).root
        unsettle(str(tmp_path))

    in_own_mounts(work)


def test_what_cannot_be_made_leaves_nothing_mounted(tmp_path: Path) -> None:
    wanted = _product(mounts=[*MACHINE, CACHE, {"type": "bind", "src": "/no/such", "dst": "/a"}])

    def work() -> None:
        with pytest.raises(Trouble, match="/no/such") as failed:
            settle(wanted, _context(), str(tmp_path))
        assert failed.value.code == SETTLE
        assert _mounts(tmp_path) == []

    in_own_mounts(work)


def test_of_archives_the_last_one_is_kept(tmp_path: Path) -> None:
    def work() -> None:
        home, base = tmp_path / "home", tmp_path / "base"
        ctx = _fetching(tmp_path)
        base.mkdir()
        for text in ("older", "newer"):
            (base / "file").write_text(text)
            packed = tmp_path / (text + ".tar")
            subprocess.run(["tar", "-C", base, "-cf", packed, "."], check=True)
            wanted = _product(**{"from": f"tar:file://{packed}"})
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
        ctx = _fetching(tmp_path)._replace(environ=environ)
        wanted = _product(**{"from": {"debootstrap": {"suite": "stable"}}})
        env = Path(settle(wanted, ctx, str(tmp_path / "home")).root, "env").read_text()
        assert "TOKEN" not in env
        assert "http_proxy=http://p:1\n" in env
        assert "SUITE=stable\n" in env
        unsettle(str(tmp_path / "home"))

    in_own_mounts(work)


def _fetching(folder: Path) -> Context:
    """With a store there."""
    from enve_fire.fetch.how import How
    from enve_fire.store.store import Store

    return _context()._replace(store=Store.of({"ENVE_STORE": str(folder / "store")}), how=How())


def test_nothing_is_purged_that_somebody_else_has_mounted(tmp_path: Path) -> None:
    wanted = _product(mounts=[*MACHINE])

    def work() -> None:
        settle(wanted, _context(), str(tmp_path))
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
    wanted = _product(mounts=[*MACHINE, CACHE])
    home = memory / "home"

    def work() -> None:
        for _ in at_every_step(lambda: settle(wanted, _context(), str(home)), every):
            found = settle(wanted, _context(), str(home))
            assert Path(found.root, "usr/bin").is_dir()
            unsettle(str(home), purge=True)
        unsettle(str(home), purge=True)

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


def test_who_is_not_root_is_told_what_it_takes(tmp_path: Path) -> None:
    def work() -> None:
        os.setuid(65534)
        with pytest.raises(Trouble, match=r"CAP_SYS_ADMIN.*uid 65534") as refused:
            settle(_product(mounts=MACHINE), _context(), "/nonexistent/home")
        assert refused.value.code == SETTLE

    assert sys.platform == "linux"
    in_own_mounts(work)


def test_no_section_is_no_root(tmp_path: Path) -> None:
    assert settle(_product(), _context(), str(tmp_path / "home")) == ("", "", None)
    assert not (tmp_path / "home").exists()
