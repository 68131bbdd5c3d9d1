"""What a process may and what it sees, on a real pm of root's in a mount namespace of its own."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.node.watchdog.test_every_python import interpreters
from tests.support.box import SLEEP, Box, installed, line
from tests.support.rooms import OWN, subroot
from tests.support.wait import until

pytestmark = [pytest.mark.real, pytest.mark.host]

NOTIFY = (
    "import os,socket,time; s=socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); "
    "s.connect(os.environ['NOTIFY_SOCKET'].replace('@', chr(0), 1)); s.send(b'READY=1'); "
    "time.sleep(1000)"
)


@pytest.fixture
def place() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:  # that of pytest is closed to others
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture
def box(place: Path) -> Iterator[Box]:
    with Box(place, around=OWN) as box:
        for folder in (box.home, box.home / "spots"):
            folder.chmod(0o711)
        yield box


def said(box: Box, text: str, *others: dict[str, Any], **keys: Any) -> str:
    """What a command prints that is run by a unit."""
    mark = os.urandom(4).hex()
    command = ["sh", "-c", f"exec 2>&1; echo {mark}; {text}; echo DONE {mark}; exec sleep 1000"]
    box.load(line("web", **{"command": command, "user": "daemon", **keys}), *others)
    log = box.home / "log/web.log"
    until(lambda: log.exists() and f"DONE {mark}" in log.read_text(), "the unit to have said it")
    return log.read_text().partition(f"{mark}\n")[2].partition(f"DONE {mark}")[0]


def status(box: Box, name: str = "web") -> dict[str, str]:
    """/proc/PID/status of a unit's process."""
    text = Path(f"/proc/{box.unit(name)['pid']}/status").read_text()
    rows = [row.partition(":") for row in text.splitlines()]
    return {key: value.strip() for key, _, value in rows}


def handles(box: Box, name: str) -> int:
    return len(list(Path(f"/proc/{box.unit(name)['pid']}/fd").iterdir()))


def space(pid: int, kind: str) -> str:
    return str(Path(f"/proc/{pid}/ns/{kind}").readlink())


# -- rights ----------------------------------------------------------------------------------------
@pytest.mark.parametrize("user", ["daemon", "root"])
def test_exactly_these_capabilities(box: Box, user: str) -> None:
    box.load(line("web", user=user, capabilities=["chown", "net_bind_service"]))
    found = status(box)
    wanted = 1 << 0 | 1 << 10
    assert [int(found["Cap" + one], 16) for one in ("Prm", "Eff", "Bnd")] == [wanted] * 3
    assert int(found["CapAmb"], 16) == wanted or user == "root"
    assert found["NoNewPrivs"] == "0"


def test_none_of_what_pm_could_hand_on(place: Path) -> None:
    """Some containers start everything with a set that programs may inherit."""
    able = (*OWN, "setpriv", "--inh-caps=+net_raw", "--")
    with Box(place, around=able) as box:
        for folder in (box.home, box.home / "spots"):
            folder.chmod(0o711)
        ways = {"plain": {}, "room": {"private_tmp": True}, "some": {"capabilities": ["chown"]}}
        box.load(*(line(name, user="daemon", **keys) for name, keys in ways.items()))
        found = {name: int(status(box, name)["CapInh"], 16) for name in ways}
        assert found == {"plain": 0, "room": 0, "some": 1}


def test_none_at_all(box: Box) -> None:
    box.load(line("web", capabilities=[]), line("db"))
    found = status(box)
    assert [int(found["Cap" + one], 16) for one in ("Prm", "Eff", "Bnd", "Amb")] == [0] * 4
    assert int(status(box, "db")["CapEff"], 16) != 0


def test_a_low_port_for_an_ordinary_user(box: Box) -> None:
    script = "import socket; s=socket.socket(); s.bind(('127.0.0.1', 81)); print('bound')"
    text = f'python3 -c "{script}"'
    keys: dict[str, Any] = {"net": "none"}
    assert "Permission denied" in said(box, text, **keys)
    assert said(box, text, capabilities=["net_bind_service"], **keys) == "bound\n"


def test_the_rest_of_its_start_is_as_ever(box: Box) -> None:
    keys = {"rlimits": {"nofile": 100}, "nice": 5, "umask": 0o77, "group": "games"}
    plain = line("plain", user="daemon", group="games")
    text = said(box, "ulimit -n; nice; umask; id -gn; id -G; pwd", plain, oom_score_adj=7, **keys)
    spot = box.home / "spots/web"
    assert text.split() == ["100", "5", "0077", "games", "60", str(spot)]
    assert Path(f"/proc/{box.unit('web')['pid']}/oom_score_adj").read_text() == "7\n"
    same = ("SigBlk", "SigIgn", "Groups", "Uid", "Gid", "CapBnd", "NoNewPrivs", "Seccomp")
    assert [status(box)[key] for key in same] == [status(box, "plain")[key] for key in same]
    assert handles(box, "web") == handles(box, "plain") == 3


def test_it_has_the_environment_of_its_own_and_nobody_else_sees_it(box: Box) -> None:
    env = {"PASSWORD": "sesame", "LD_PRELOAD": "/nowhere.so", "PYTHONPATH": "/x"}
    text = said(box, "env", env=env, private_tmp=True)
    assert "PASSWORD=sesame" in text and "PYTHONPATH=/x" in text
    jobs = [one.read_text() for one in (box.home / "jobs").glob("*/parameter")]
    assert jobs and not any("sesame" in job for job in jobs)


# -- views -----------------------------------------------------------------------------------------
def test_a_tmp_of_its_own(box: Box) -> None:
    there = Path("/tmp") / f"seen-{os.getpid()}"
    there.write_text("x")
    try:
        text = said(box, f"ls /tmp /var/tmp; touch $SPOT_DIR/made; ls {there}", private_tmp=True)
    finally:
        there.unlink()
    assert "No such file" in text and there.name not in text.replace(str(there), "")
    assert (box.home / "spots/web/made").exists()
    assert status(box)["NoNewPrivs"] == "1"


def test_a_system_that_cannot_be_written(box: Box, place: Path) -> None:
    free, shut = place / "free", place / "shut"
    free.mkdir(), shut.mkdir()
    text = "touch {0}/a {1}/a /usr/a $SPOT_DIR/a; echo x >/dev/null && echo null"
    keys: dict[str, Any] = {"user": "root", "read_only": True, "writable": [str(free)]}
    said_ = said(box, text.format(free, shut), **keys)
    assert said_.count("Read-only") == 2 and "null" in said_
    assert (free / "a").exists() and not (shut / "a").exists()
    assert (box.home / "spots/web/a").exists()


def test_what_it_may_write_may_lie_in_a_folder_of_its_own(box: Box, place: Path) -> None:
    free = place / "his" / "free"
    free.mkdir(parents=True)
    for folder in (free.parent, free):
        os.chown(folder, 1, 1)
    assert said(box, f"touch {free}/a {free}/../b", read_only=True, writable=[str(free)]).count(
        "Read-only"
    )
    assert (free / "a").exists() and not (free.parent / "b").exists()


def test_only_some_paths_cannot_be_written(box: Box, place: Path) -> None:
    shut = place / "shut"
    (shut / "in").mkdir(parents=True)
    text = f"touch {shut}/in/a {place}/b"
    assert said(box, text, user="root", read_only=[str(shut)]).count("Read-only") == 1
    assert (place / "b").exists()


def test_hidden_paths_seem_empty(box: Box, place: Path) -> None:
    (place / "secret").mkdir()
    (place / "secret/key").write_text("x")
    paths = [str(place / "secret"), "/etc/passwd"]
    text = f"ls {paths[0]} | wc -l; cat /etc/passwd | wc -c; touch {paths[0]}/a"
    found = said(box, text, user="root", hidden=paths)
    assert found.split()[:2] == ["0", "0"] and "Read-only" in found
    assert (place / "secret/key").exists() and Path("/etc/passwd").stat().st_size


def test_a_spot_stays_in_what_is_hidden(box: Box) -> None:
    found = said(box, "ls ..; echo kept >kept; pwd", hidden=[str(box.home)])
    assert found.split() == ["web", str(box.home / "spots/web")]
    assert (box.home / "spots/web/kept").read_text() == "kept\n"


def test_what_is_mounted_goes_with_it(box: Box) -> None:
    before = Path(f"/proc/{box.pids()[1]}/mountinfo").read_text()
    box.load(line("web", private_tmp=True, read_only=True, hidden=["/usr/share"]))
    assert Path(f"/proc/{box.pids()[1]}/mountinfo").read_text() == before
    box.order("stop", "web")


def test_namespaces_of_its_own(box: Box) -> None:
    keys: dict[str, Any] = {"namespaces": ["ipc", "uts"], "hostname": "inner.x", "net": "none"}
    assert said(box, "hostname; cat /sys/class/net/lo/operstate >/dev/null", **keys) == "inner.x\n"
    own, pm = box.unit("web")["pid"], box.pids()[1]
    for kind in ("ipc", "uts", "net"):
        assert space(own, kind) != space(pm, kind), kind
    assert space(own, "pid") == space(pm, "pid")


def test_lo_of_its_own_carries(box: Box) -> None:
    script = (
        "import socket; s=socket.create_server(('127.0.0.1', 5)); "
        "socket.create_connection(s.getsockname()); print('met')"
    )
    assert said(box, f'python3 -c "{script}"', user="root", net="none") == "met\n"


# -- a pid namespace -------------------------------------------------------------------------------
def test_it_is_number_one_and_nobody_stands_between(box: Box) -> None:
    assert said(box, "echo $$; ls /proc | grep -c '^1$'", namespaces=["pid"]).split() == ["1", "1"]
    assert int(status(box)["PPid"]) == box.pids()[1]
    assert status(box)["NSpid"].split()[1] == "1"
    assert (
        len(Path(f"/proc/{box.pids()[1]}/task/{box.pids()[1]}/children").read_text().split()) == 2
    )


def test_its_first_process_ends_by_a_signal_that_it_does_not_handle(box: Box) -> None:
    box.load(line("web", namespaces=["pid"], command=["sh", "-c", "sleep 1000 & sleep 1001"]))
    box.order("stop", "web")
    assert box.unit("web")["state"] == "STOPPED"


def test_it_handles_the_signal_itself(box: Box) -> None:
    text = "trap 'echo bye >bye; exit 0' TERM; echo; while :; do sleep 0.05; done"
    box.load(line("web", namespaces=["pid"], command=["sh", "-c", text]))
    until(lambda: int(status(box)["SigCgt"], 16) & 1 << 14, "the trap to be set")
    box.order("stop", "web")
    assert (box.home / "spots/web/bye").exists()


def test_another_program_goes_on_with_it(box: Box) -> None:
    box.load(line("web", namespaces=["pid"], private_tmp=True))
    before = box.unit("web")["pid"]
    box.order("reexec")
    assert box.unit("web")["pid"] == before
    os.kill(before, 9)
    until(lambda: box.unit("web")["pid"] not in (0, before), "its restart")
    box.order("stop", "web")


def test_readiness_is_heard_from_within(box: Box) -> None:
    keys: dict[str, Any] = {"namespaces": ["pid"], "ready": {"how": "notify"}, "user": "daemon"}
    box.load(line("web", command=["python3", "-c", NOTIFY], **keys))
    assert box.unit("web")["state"] == "RUNNING"


# -- a root ----------------------------------------------------------------------------------------
@pytest.mark.parametrize("more", [{}, {"private_tmp": True, "read_only": True}])
def test_it_runs_in_a_root(box: Box, more: dict[str, Any]) -> None:
    shown = [one for one in ("/usr", "/bin", "/lib", "/lib64") if Path(one).is_dir()]
    base = subroot("base", "bind", paths=[one for one in shown if not Path(one).is_symlink()])
    keys: dict[str, Any] = {"root": "base", "needs": ["base"], **more}
    found = said(box, "ls /etc; pwd; touch a; ls /proc/1/root/ 2>&1; id -u", base, **keys)
    spot = box.home / "spots/web"
    assert str(spot) in found and "passwd" not in found and (spot / "a").exists()
    box.order("stop", "base", "--with-dependents")


def test_a_command_is_looked_for_in_its_root(box: Box) -> None:
    base = subroot("base", "overlay", lower=["/usr/share"])
    keys: dict[str, Any] = {"root": "base", "needs": ["base"]}
    box.load(base, line("web", command=["sleep", "1"], restart="never", **keys), status=3)
    assert box.unit("web")["result"] == "exec:ENOENT"
    assert box.unit("web")["state"] == "STARTING_FAIL"


def test_a_kernel_that_makes_one_mount_read_only_at_a_time(place: Path) -> None:
    program = place / "old" / "enve_pm"
    shutil.copytree(installed(), program, ignore=shutil.ignore_patterns("__pycache__"))
    source = program / "enter/kernel.py"
    source.write_text(source.read_text().replace("MOUNT_SETATTR = 442", "MOUNT_SETATTR = 9999"))
    with Box(place, program=program, around=OWN) as box:
        text = "touch /usr/a /var/a /sys/a $SPOT_DIR/a; echo x >/dev/null && echo null"
        found = said(box, text, user="root", read_only=True)
        assert found.count("Read-only") == 3 and "null" in found
        assert (box.home / "spots/web/a").exists()
        assert said(box, "touch /usr/a", user="root", read_only=["/usr"]).count("Read-only") == 1


@pytest.mark.parametrize("version", sorted(interpreters()))
def test_every_python(place: Path, version: str) -> None:
    keys: dict[str, Any] = {"namespaces": ["pid", "ipc"], "net": "none", "hostname": "inner"}
    keys.update(private_tmp=True, read_only=True, hidden=["/usr/share"], capabilities=["chown"])
    keys.update(sockets={"a": {"listen": "a.sock"}}, rlimits={"nofile": 99}, nice=1)
    with Box(place, python=interpreters()[version], around=OWN) as box:
        box.load(line("web", **keys))
        assert box.unit("web")["state"] == "RUNNING"


# -- what goes wrong -------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("keys", "result"),
    [
        ({"hidden": ["/no/where"]}, "enter:hidden: /no/where: No such file or directory"),
        ({"command": ["/no/where"], "private_tmp": True}, "exec:ENOENT"),
        ({"cwd": "/no/where", "private_tmp": True}, "cwd:ENOENT"),
        ({"user": "nobody-there", "private_tmp": True}, "user:nobody-there does not exist"),
        ({"root": "db", "needs": ["db"]}, "root:db is no subroot"),
        ({"net": "db", "needs": ["db"]}, "network:db is no namespace"),
        (
            {"namespaces": ["pid"], "hidden": ["/no"]},
            "enter:hidden: /no: No such file or directory",
        ),
    ],
)
def test_why_it_does_not_start(box: Box, keys: dict[str, Any], result: str) -> None:
    box.load(line("web", restart="never", **keys), line("db"), status=3)
    unit = box.unit("web")
    assert (unit["state"], unit["result"]) == ("STARTING_FAIL", result)


def test_a_path_that_somebody_can_bend_is_not_covered(box: Box, place: Path) -> None:
    bent = place / "his"
    (bent / "in").mkdir(parents=True)
    os.chown(bent, 1, 1)
    box.load(line("web", hidden=[str(bent / "in")], restart="never"), status=3)
    assert "could bend the way" in box.unit("web")["result"]


def test_one_that_is_killed_on_its_way(box: Box) -> None:
    """The stop of one that is just being started is one stop, whenever it comes."""
    for _ in range(5):
        box.pm("start", "--no-wait", "web")
        box.load(line("web", namespaces=["pid"], private_tmp=True, command=SLEEP))
        box.order("restart", "web")
        box.order("stop", "web")
        assert box.unit("web")["state"] == "STOPPED"


# -- beside it -------------------------------------------------------------------------------------
def test_a_check_sees_what_the_process_sees(box: Box) -> None:
    """The very /tmp, network and processes' root; with the rights of the unit."""
    keys: dict[str, Any] = {
        "private_tmp": True,
        "net": "none",
        "hostname": "inner",
        "user": "daemon",
        "namespaces": ["pid"],
        "ready": {"how": "check"},
        "check": ["sh", "-c", "test $(cat /tmp/made) = $(hostname) && id -un >>$SPOT_DIR/who"],
        "reload": {"command": ["sh", "-c", "echo reloaded >/tmp/made; cp /tmp/made $SPOT_DIR"]},
    }
    command = ["sh", "-c", "sleep 0.2; hostname >/tmp/made; exec sleep 1000"]
    box.load(line("web", command=command, **keys))
    spot = box.home / "spots/web"
    assert box.unit("web")["state"] == "RUNNING"
    assert (spot / "who").read_text() == "daemon\n"
    box.order("reload", "web")
    assert (spot / "made").read_text() == "reloaded\n"
    seen = Path(f"/proc/{box.unit('web')['pid']}/root/tmp/made")
    assert seen.read_text() == "reloaded\n"


@pytest.mark.parametrize("keys", [{"user": "daemon"}, {"private_tmp": True}])
def test_its_commands_are_where_its_pids_are(box: Box, keys: dict[str, Any]) -> None:
    """Their text may be the process's own: they get no further than it does."""
    look = f"kill -0 {os.getpid()} || readlink /proc/self >$SPOT_DIR"
    unit = line(
        "web",
        namespaces=["pid"],
        command=["sh", "-c", "trap 'touch hup' HUP; while :; do sleep 0.1; done"],
        ready={"how": "check"},
        check=["sh", "-c", f"{look}/check"],
        reload={"command": ["sh", "-c", f"{look}/reload; kill -HUP $MAINPID"]},
        **keys,
    )
    box.load(unit)
    box.order("reload", "web")
    spot = box.home / "spots/web"
    until((spot / "hup").exists, "the signal of its reload command")
    assert all(0 < int((spot / name).read_text()) < 1000 for name in ("check", "reload"))


def test_a_check_in_a_root(box: Box) -> None:
    base = subroot("base", "overlay", lower=["/"])
    keys: dict[str, Any] = {"root": "base", "needs": ["base"], "ready": {"how": "check"}}
    command = ["sh", "-c", "echo x >/etc/made-inside; exec sleep 1000"]
    box.load(base, line("web", command=command, check=["cat", "/etc/made-inside"], **keys))
    assert box.unit("web")["state"] == "RUNNING" and not Path("/etc/made-inside").exists()


def test_readiness_is_heard_from_another_network(box: Box) -> None:
    keys: dict[str, Any] = {"net": "none", "ready": {"how": "notify"}, "user": "daemon"}
    box.load(line("web", command=["python3", "-c", NOTIFY], **keys))
    assert box.unit("web")["state"] == "RUNNING"
    assert (box.home / "spots/web/.notify").is_socket()
    box.order("stop", "web")
    assert not (box.home / "spots/web/.notify").exists()


def test_a_watchdog_hears_it(box: Box) -> None:
    script = NOTIFY.replace("READY=1", "READY=1\\nWATCHDOG=1").replace(
        "time.sleep",
        "print(os.environ['WATCHDOG_PID'] == str(os.getpid()), flush=True); time.sleep",
    )
    keys: dict[str, Any] = {"private_tmp": True, "ready": {"how": "notify"}, "watchdog": 600_000}
    box.load(line("web", command=["python3", "-c", script], **keys))
    log = box.home / "log/web.log"
    until(lambda: log.exists() and log.read_text() == "True\n", "its own pid to be named")


def test_it_is_in_the_network_of_a_unit(box: Box) -> None:
    name = f"enve-{os.getpid()}"
    body = {"type": "namespace", "name": name}
    lan = line("lan", kind="network", network=body)
    box.load(lan, line("web", net="lan", needs=["lan"], user="daemon"), line("two", net="none"))
    inner = space(box.unit("web")["pid"], "net")
    inode = int(inner.partition("[")[2].rstrip("]"))
    assert (box.root() / "run/netns" / name).stat().st_ino == inode
    assert space(box.unit("two")["pid"], "net") != inner
    box.load()
    until(lambda: not (box.root() / "run/netns" / name).exists(), "the network to go")
