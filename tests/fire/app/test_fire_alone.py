"""Who is not root lays roots for what he runs, in a user namespace of his own."""

from __future__ import annotations

import codecs
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.box import stages
from tests.support.forked import forked
from tests.support.interpreter import python_for

from enve_fire.core.trouble import SETTLE, Trouble
from enve_fire.stage.settle import alone
from enve_pm.enter import kernel, spaces

pytestmark = [pytest.mark.real, pytest.mark.host]
HIM = "daemon"
USR = {"type": "bind", "src": "/usr", "dst": "/usr", "ro": True}


class User:
    """One who is not root, with a home; if we are none, another one."""

    def __init__(self, folder: Path) -> None:
        self.home = folder
        self.python, self.before = sys.executable, []
        if os.geteuid() == 0:
            shutil.chown(folder, HIM, HIM)
            self.python = python_for(HIM)
            self.before = ["setpriv", "--reuid", HIM, "--regid", HIM, "--clear-groups"]
        self.uid = folder.stat().st_uid
        self.env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": str(folder)}

    def product(self, say: str, **more: Any) -> Path:
        """One that is not built; what it says is a line for a shell."""
        table = {"enve": 1, "title": "app", "prefix": "/opt/app", **more}
        table["run"] = {"cmd": ["/bin/sh", "-c", say, "app"]}
        folder = self.home / "app"
        folder.mkdir(exist_ok=True)
        (folder / "enve.json").write_text(json.dumps(table))
        return folder

    def argv(self, *words: str | Path) -> list[str]:
        return [*self.before, self.python, "-I", "-S", stages(), "fire", *map(str, words)]

    def fire(self, *words: str | Path) -> subprocess.CompletedProcess[str]:
        argv = self.argv(*words)
        return subprocess.run(
            argv, env=self.env, cwd=self.home, capture_output=True, text=True, check=False
        )

    def left(self) -> list[str]:
        """Of his roots, and of what is mounted for him."""
        roots = self.home / ".cache/enve/root"
        mounts = Path("/proc/self/mountinfo").read_text().splitlines()
        return [*map(str, roots.iterdir()), *(row for row in mounts if str(self.home) in row)]


@pytest.fixture
def user() -> Iterator[User]:
    probe = subprocess.run(["unshare", "-Ur", "true"], capture_output=True, check=False)
    if probe.returncode:
        pytest.skip("there are no user namespaces here")
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        Path(folder).chmod(0o755)
        yield User(Path(folder))


@pytest.mark.parametrize("isolate", ["chroot", "jail"])
def test_it_runs_in_a_root_of_its_own(user: User, isolate: str) -> None:
    """As himself, with nothing that he had not; data stays, and nothing else."""
    say = """
        [ $$ = 1 ] && echo first; id -u; cat /etc/conf /opt/app/etc/own /srv/log
        ls /home 2>/dev/null || echo no homes
        [ -d /proc/$$ ] && [ -d /sys/block ] && echo >/dev/null || echo no system
        touch /usr/x 2>/dev/null || echo closed; touch /tmp/x; grep CapEff /proc/self/status
        grep -c app /etc/passwd; exit 7
    """
    data = {"type": "bind", "src": "data", "dst": "/srv"}
    files = [
        {"path": path, "mode": 420, "content": path + "\n"} for path in ("/etc/conf", "etc/own")
    ]
    about = user.product(
        say,
        settle={
            "isolate": isolate,
            "mounts": [USR, data],
            "volumes": [{"path": "data"}],
            "users": [{"name": "app", "uid": 900}],
        },
        setup={"files": files, "run": ["echo set up as $(id -u) >>/srv/log"]},
    )
    for times in (1, 2):
        done = user.fire("run", about)
        assert done.returncode == 7, done.stderr
        assert done.stdout.splitlines() == [
            *(["first"] if isolate == "jail" else []),
            *(str(user.uid), "/etc/conf", "etc/own"),
            *[f"set up as {user.uid}"] * times,
            *("no homes", "closed", "CapEff:\t0000000000000000", "1"),
        ]
        assert user.left() == []


def test_tests_and_shells_too_and_what_says_where_it_is_not(user: User) -> None:
    trial = {"needs": "setup", "run": ["! [ -d /home ] && cat /etc/conf"]}
    files = [{"path": "/etc/conf", "mode": 420, "content": "c\n"}]
    about = user.product("true", settle={"mounts": [USR]}, setup={"files": files}, test=trial)
    assert user.fire("test", about).returncode == 0
    done = user.fire("shell", about, "--", "cat", "/etc/conf")
    assert (done.returncode, done.stdout) == (0, "c\n")
    for target in ("setup", "module"):
        done = user.fire(target, about)
        assert (done.returncode, done.stdout) == (SETTLE, "")
        assert (
            f"its root is only there while something runs in it, as uid {user.uid}" in done.stderr
        )
    assert user.fire("install", about).returncode == 0
    assert user.left() == []


def test_several_have_one_each(user: User) -> None:
    about = user.product("echo $1 >/own; read line; cat /own", settle={"mounts": [USR]})
    pipe = subprocess.PIPE
    running = [
        subprocess.Popen(
            user.argv("run", about, "--", name), env=user.env, stdin=pipe, stdout=pipe, text=True
        )
        for name in "ab"
    ]
    assert [one.communicate("go\n", timeout=60)[0] for one in running] == ["a\n", "b\n"]
    assert user.left() == []


def test_an_archive_and_a_folder_with_what_is_written_over_it(user: User) -> None:
    files = user.home / "files"
    for folder in ("etc", "usr"):
        (files / folder).mkdir(parents=True)
    (files / "bin").symlink_to("usr/bin")
    for name in ("lib", "lib64"):
        (files / name).symlink_to(f"usr/{name}")
    (files / "etc/name").write_text("from files\n")
    subprocess.run(["chown", "-R", f"--reference={user.home}", files], check=True)
    subprocess.run(["tar", "-C", files, "-cf", user.home / "files.tar", "."], check=True)
    for of in (f"tar:file://{user.home}/files.tar", f"snapshot:{files}"):
        say = "cat /etc/name; echo written >/etc/name; cat /etc/name"
        about = user.product(say, settle={"from": of, "mounts": [USR]})
        for _ in range(2):
            done = user.fire("run", about)
            assert done.stdout == "from files\nwritten\n", done.stderr
    assert (files / "etc/name").read_text() == "from files\n"
    assert user.left() == []


def test_what_the_kernel_keeps_for_root_is_named(user: User) -> None:
    section = {"mounts": [USR], "network": {"netns": "shop"}}
    done = user.fire("run", user.product("true", settle=section))
    assert done.returncode == SETTLE
    assert f"only a pm that is root's can make networks; this one runs as uid {user.uid}" in (
        done.stderr
    )
    assert user.left() == []


@pytest.mark.skipif(os.geteuid() != 0, reason="root shuts them")
def test_a_machine_without_user_namespaces() -> None:
    def work() -> None:
        spaces.unshare_users(kernel.NEWNS, 0)
        Path("/proc/sys/user/max_user_namespaces").write_text("0")
        codecs.lookup("ascii")  # where he may not read it
        os.setuid(1)
        with tempfile.TemporaryDirectory() as folder, pytest.raises(Trouble) as told:
            alone.enter(folder)
        assert told.value.code == SETTLE
        assert "settle as uid 1 takes a user namespace" in told.value.message
        assert "user.max_user_namespaces = 0" in told.value.message

    forked(work)


def test_who_ends_it_ends_what_runs_in_it(user: User) -> None:
    about = user.product("echo begun; sleep 1000", settle={"mounts": [USR], "isolate": "jail"})
    argv = user.argv("run", about)
    with subprocess.Popen(argv, env=user.env, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "begun\n"
        running.terminate()
        assert running.wait(20) == -15
        assert running.stdout.read() == ""  # nobody has it open any more
    assert user.left() == []
