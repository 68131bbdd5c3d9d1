from __future__ import annotations

import errno
import gc
import os
import resource
import signal
import subprocess
import tempfile
from pathlib import Path

import pytest

from enve_pm.shell.events.handing import KEPT
from enve_pm.shell.events.loop import Loop
from enve_pm.shell.events.system import System, Whom
from enve_pm.shell.process.spawn import Order, SpawnError, find, launch

ROOT = os.getuid() == 0
needs_root = pytest.mark.skipif(not ROOT, reason="only root changes users")


@pytest.fixture
def loop() -> Loop:
    return Loop(System())


def run(loop: Loop, argv: list[str], tmp_path: Path, **more: object) -> str:
    """What a command prints when it is launched with these parameters."""
    out = tmp_path / "out"
    fd = os.open(out, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o666)
    order = Order(argv, {"PATH": os.environ["PATH"], "X": "1"}, {1: fd, 2: fd}, str(tmp_path))
    for key, value in more.items():
        setattr(order, key, value)
    pid = launch(loop, order)
    os.waitpid(pid, 0)
    os.close(fd)
    return out.read_text()


@pytest.mark.real
def test_what_a_child_sees_is_what_was_ordered(loop: Loop, tmp_path: Path) -> None:
    script = "pwd -P; umask; echo $X; [ -t 0 ] || cat; ps -o sid= -p $$ | tr -d ' '; echo $$"
    text = run(loop, ["sh", "-c", script], tmp_path, umask=0o077)
    *seen, session, pid = text.split()
    assert seen == [str(tmp_path.resolve()), "0077", "1"]
    assert session == pid
    assert Path.cwd() == Path("/")
    old = os.umask(0o22)
    os.umask(old)
    assert old != 0o077


@pytest.mark.real
def test_limits_and_nice(loop: Loop, tmp_path: Path) -> None:
    script = "ulimit -n; ulimit -c; nice; cat /proc/self/limits"
    limits = {"nofile": 77, "core": 0, "cpu": -1}
    text = run(loop, ["sh", "-c", script], tmp_path, rlimits=limits, nice=5)
    assert text.split()[:3] == ["77", "0", "5"]
    row = next(row for row in text.splitlines() if row.startswith("Max cpu time"))
    assert row.split()[3:5] == ["unlimited", "unlimited"]


@pytest.mark.real
def test_no_descriptor_of_pm_reaches_a_child(loop: Loop, tmp_path: Path) -> None:
    ours = {int(path.name) for path in Path("/proc/self/fd").iterdir()}
    given = {fd for fd in ours if _inheritable(fd)}  # what whoever runs the tests left open
    text = run(loop, ["sh", "-c", "ls -l /proc/self/fd"], tmp_path)
    seen = {int(row.split()[-3]) for row in text.splitlines() if "->" in row}
    assert seen - given <= {0, 1, 2, 3}  # 3 is ls's own


def _inheritable(fd: int) -> bool:
    try:
        return os.get_inheritable(fd)
    except OSError:
        return False


@pytest.mark.real
def test_a_child_gets_the_file_limit_that_pm_was_started_with(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (512, before[1]))
    try:
        loop = Loop(System())
        loop.system.widen()
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == before[1]
        assert run(loop, ["sh", "-c", "ulimit -n"], tmp_path) == "512\n"
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == before[1]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.real
def test_a_child_gets_descriptors_of_pm_whose_numbers_are_above_its_own_limit(
    tmp_path: Path,
) -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    out = tmp_path / "out"
    most = 128 + max(int(path.name) for path in Path("/proc/self/fd").iterdir())
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, before[1]))
    try:
        loop = Loop(System())
        loop.system.widen()
        held = [os.open(out, os.O_RDWR | os.O_CREAT) for _ in range(most + 50)]
        for at in (0, 70):  # the numbers that the child has for them begin at 1, or are at 70 too
            fds = {1: held[-1], 2: held[-2], **{at + n: held[-n] for n in range(3, 15)}}
            order = Order(["sh", "-c", "ls /proc/self/fd"], {"PATH": os.environ["PATH"]}, fds)
            assert os.waitpid(launch(loop, order), 0)[1] == 0
            assert {*map(str, fds)} <= set(out.read_text().split())
        order.fds.update({number: held[-number] for number in range(20, 40)})
        with pytest.raises(SpawnError, match="exec:EMFILE"):
            launch(loop, order)
        held += [*loop.system._handing._kept, loop.system._handing._null]
        assert len(held) == most + 50 + KEPT + 1
        for handle in held:
            os.close(handle)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_a_start_that_fails_leaves_no_descriptor_behind(loop: Loop) -> None:
    """One whose number the child gives to another is copied first."""
    ours = os.open(os.devnull, os.O_RDONLY)
    order = Order(["true"], {"PATH": os.environ["PATH"]}, {ours: ours}, "/no/such/folder")
    gc.collect()  # what other tests have left open is closed whenever Python comes to it
    before = len(list(Path("/proc/self/fd").iterdir()))
    with pytest.raises(SpawnError, match="cwd:ENOENT"):
        launch(loop, order)
    assert len(list(Path("/proc/self/fd").iterdir())) == before
    os.close(ours)


@needs_root
def test_rights_that_cannot_be_put_on_are_taken_off_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A root in a user namespace of its own may have some numbers and lack others."""
    before = os.geteuid(), os.getegid(), os.getgroups()

    def refused(uid: int) -> None:
        if uid:
            raise OSError(errno.EINVAL, "no such number here")

    monkeypatch.setattr("os.seteuid", refused)
    with pytest.raises(OSError, match="no such number"):
        System().acting(Whom(1, 1, [1]), lambda: None)
    assert (os.geteuid(), os.getegid(), os.getgroups()) == before


@pytest.mark.real
@pytest.mark.parametrize("number", [errno.ENOSYS, errno.EPERM])
def test_a_kernel_without_pidfds_kills_too(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Python may know more than the kernel that it runs on; a container may forbid it."""

    def missing(pid: int) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("os.pidfd_open", missing)
    system, child = System(), subprocess.Popen(["sleep", "1000"])
    stat = system.stat(child.pid)
    assert stat is not None
    assert not system.kill(child.pid, stat.start + 1, signal.SIGKILL)
    assert system.kill(child.pid, stat.start, signal.SIGKILL)
    assert child.wait(10) == -signal.SIGKILL
    assert not system.kill(child.pid, stat.start, signal.SIGKILL)


@pytest.mark.real
@needs_root
def test_another_user(loop: Loop) -> None:
    with tempfile.TemporaryDirectory() as folder:  # that of pytest is closed to others
        place = Path(folder)
        place.chmod(0o755)
        text = run(loop, ["sh", "-c", "id -u; id -g; id -G"], place, user="daemon")
        assert text.split() == ["1", "1", "1"]
        text = run(loop, ["sh", "-c", "id -u; id -G"], place, user="daemon", group="nogroup")
    assert text.split()[0] == "1" and len(text.split()) == 2


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"argv": ["/no/such/program"]}, "exec:ENOENT"),
        ({"argv": ["no-such-program"]}, "exec:ENOENT"),
        ({"argv": ["./plain"]}, "exec:EACCES"),
        ({"argv": ["plain"], "env": {"PATH": "."}}, "exec:EACCES"),
        ({"argv": ["./broken"]}, "exec:ENOEXEC"),
        ({"argv": ["sh"], "cwd": "/no/such/folder"}, "cwd:ENOENT"),
        ({"argv": ["sh"], "user": "no-such-user"}, "user:no-such-user does not exist"),
        ({"argv": ["sh"], "group": "no-such"}, "group:no-such does not exist"),
        ({"argv": ["sh", "a\0b"]}, "exec:EINVAL"),
    ],
)
def test_what_cannot_be_started_says_why(
    loop: Loop, tmp_path: Path, more: dict[str, object], reason: str
) -> None:
    (tmp_path / "plain").write_text("text")
    broken = tmp_path / "broken"
    broken.write_bytes(b"\x7fELF no program")
    broken.chmod(0o755)
    order = Order(["sh"], {"PATH": os.environ["PATH"]}, {}, str(tmp_path))
    for key, value in more.items():
        setattr(order, key, value)
    with pytest.raises(SpawnError) as caught:
        launch(loop, order)
    assert caught.value.reason == reason


def test_setpriv_that_is_missing_is_named(loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("enve_pm.shell.process.spawn.PATH", "/nowhere")
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr("enve_pm.shell.process.spawn._BASE", {"PATH": "/nowhere"})
    order = Order(["/bin/sh"], {"PATH": "/nowhere"}, {})
    order.rlimits = {"core": 0}
    with pytest.raises(SpawnError, match="prlimit is missing"):
        launch(loop, order)


def test_a_program_that_moved_in_the_path_is_found_again(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    path = f"{tmp_path}/one:{tmp_path}/two"
    tool = tmp_path / "one" / "tool"
    tool.write_text("#!/bin/sh\n")
    tool.chmod(0o755)
    assert find("tool", path, "/") == str(tool)
    tool.rename(tmp_path / "two" / "tool")
    assert find("tool", path, "/") == str(tmp_path / "two" / "tool")
