"""Another program goes on where pm stands: nothing restarts or is lost; a bad one is refused."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from tests.support import brood
from tests.support.box import Box, installed, line
from tests.support.wait import until

from enve_pm.client import send

pytestmark = pytest.mark.real


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    with Box(tmp_path) as box:
        yield box


@pytest.fixture
def newer(tmp_path: Path) -> Path:
    """Another installation of the program."""
    place = tmp_path / "newer"
    shutil.copytree(installed(), place / "enve_pm")
    return place


def pids(box: Box) -> dict[str, int]:
    return {name: unit["pid"] for name, unit in box.listing().items()}


def command_line(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")


def fds(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def test_the_python_that_it_runs_on_may_be_gone(tmp_path: Path) -> None:
    """As after an upgrade of the node: what it starts, and who follows it, run on another one."""
    place, old = tmp_path / "home/lib/0a", tmp_path / "python3"
    shutil.copytree(installed(), place / "enve_pm")
    (place.parent / "python").write_text(f"{sys.executable}\n")
    old.symlink_to(os.path.realpath(sys.executable))
    with Box(tmp_path, program=place / "enve_pm", python=str(old)) as box:
        box.load(line("web", command=["sh", "-c", "exec cat"], terminal=True))
        until(lambda: len(helpers(box)) == 2, "the logger and the holder of terminals")
        old.unlink()
        box.python = sys.executable
        for pid in helpers(box):
            os.kill(pid, signal.SIGKILL)
        until(lambda: len(helpers(box)) == 2, "others")
        before, own = pids(box), box.pids()
        box.order("reexec", str(place))
        assert (pids(box), box.pids()) == (before, own)
        assert all(sys.executable in command_line(pid) for pid in own)


def helpers(box: Box) -> set[int]:
    found = set()
    for child in Path(f"/proc/{box.pids()[1]}/task/{box.pids()[1]}/children").read_text().split():
        with suppress(OSError):
            if {"_logger", "_terminals"} & set(command_line(int(child)).split()):
                found.add(int(child))
    return found


def test_two_hundred_units_go_on(box: Box, newer: Path) -> None:
    names = [f"unit{number}" for number in range(200)]
    box.load(*(line(name) for name in names))
    until(lambda: {u["state"] for u in box.listing().values()} == {"RUNNING"}, "all to run")
    before, own = pids(box), box.pids()
    done = box.pm("reexec", str(newer))
    assert done.returncode == 0, done.stderr
    assert all(str(newer) in command_line(pid) for pid in own)
    until(lambda: box.status()["hash"] == newer.name, "the new one to show itself")
    assert box.pids() == own
    assert pids(box) == before
    assert {unit["restarts"] for unit in box.listing().values()} == {0}
    assert box.pm("restart", "unit7").returncode == 0
    until(lambda: box.unit("unit7")["pid"] not in (0, before["unit7"]), "a new process")


LAUNCHER = """
import os, socket, subprocess, time
child = subprocess.Popen(["sleep", "1000"], start_new_session=True)
said = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
where = chr(0) + os.environ["NOTIFY_SOCKET"][1:]
said.sendto(f"MAINPID={child.pid}{chr(10)}READY=1".encode(), where)
while not os.path.exists("go"):
    time.sleep(0.02)
os._exit(0)
"""


def test_a_daemon_that_has_said_who_it_is_goes_on_when_its_launcher_ends(box: Box) -> None:
    box.load(line("web", command=[sys.executable, "-c", LAUNCHER], ready={"how": "notify"}))
    daemon = box.wait("web", "RUNNING")["pid"]
    launcher = int(Path(f"/proc/{daemon}/stat").read_text().rpartition(")")[2].split()[1])
    assert box.pm("reexec").returncode == 0
    (box.home / "spots" / "web" / "go").touch()
    until(lambda: not Path(f"/proc/{launcher}").exists(), "the launcher to end")

    def main() -> set[int]:
        return {int(path.read_text().split()[0]) for path in box.home.glob("jobs/*/pid")}

    until(lambda: daemon in main(), "the daemon to be the main process")
    assert (box.unit("web")["pid"], box.unit("web")["restarts"]) == (daemon, 0)


def test_commands_that_come_meanwhile_are_carried_out(box: Box) -> None:
    box.load(line("web"))
    box.wait("web", "RUNNING")
    jobs: list[str] = []
    stop = threading.Event()

    def talk() -> None:
        while not stop.is_set() and len(jobs) < 200:  # pm keeps the answers of 256
            (job, text), *_ = send.lines("reset-failed", [], ["web"])
            send.send(str(box.home), text)
            jobs.append(job)
            time.sleep(0.004)

    talker = threading.Thread(target=talk)
    talker.start()
    try:
        for _ in range(3):
            assert box.pm("reexec").returncode == 0
    finally:
        stop.set()
        talker.join()
    assert len(jobs) > 20
    for job in jobs:
        assert send.follow(str(box.home), job, 30, lambda: None)[0] == 0
    assert box.unit("web")["state"] == "RUNNING"


def test_again_and_again_keeps_no_descriptor(box: Box) -> None:
    box.load(*(line(f"unit{number}") for number in range(5)))
    box.wait("unit4", "RUNNING")
    assert box.pm("reexec").returncode == 0
    before = [fds(pid) for pid in box.pids()]  # of one who may still have the answer's file open
    for _ in range(5):
        assert box.pm("reexec").returncode == 0

    def no_more() -> bool:
        return all(now <= then for now, then in zip(map(fds, box.pids()), before, strict=True))

    until(no_more, f"no more descriptors than {before}")


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import sys; sys.exit('no such format')", "no such format"),
        ("raise RuntimeError('broken')", "broken"),
        ("print('ok'); raise SystemExit(1)", "refused (exit 1)"),
        ("import time; time.sleep(60)", "did not say ok within 5 s"),
    ],
)
def test_broken_program_is_refused(box: Box, tmp_path: Path, code: str, said: str) -> None:
    box.load(line("web"))
    before = box.wait("web", "RUNNING")["pid"]
    (tmp_path / "broken" / "enve_pm").mkdir(parents=True)
    (tmp_path / "broken" / "enve_pm" / "__main__.py").write_text(code)
    own = box.pids()
    refused = box.pm("reexec", str(tmp_path / "broken"))
    assert refused.returncode == 3
    assert said in refused.stderr
    assert "the old program goes on" in refused.stderr
    assert box.pids() == own
    assert box.unit("web")["pid"] == before
    assert box.pm("reexec", str(installed().parent)).returncode == 0


def test_no_program_there(box: Box, tmp_path: Path) -> None:
    refused = box.pm("reexec", str(tmp_path / "nothing"))
    assert refused.returncode == 3
    assert "no program at" in refused.stderr


@pytest.mark.parametrize("who", [0, 1])
def test_still_guarded_after_it(box: Box, who: int) -> None:
    box.load(line("web", command=["sh", "-c", brood.FAMILY], stop_timeout=300))
    until(lambda: len(brood.marked(box.mark)) >= 2, "pm")
    assert box.pm("reexec").returncode == 0
    os.kill(box.pids()[who], signal.SIGKILL)
    until(lambda: not brood.marked(box.mark), "everything to be gone", 15)


def test_unit_that_ends_meanwhile_is_restarted(box: Box) -> None:
    """Its end falls into the change of program, or beside it: either way it is noticed."""
    box.load(line("web"))
    for _ in range(5):
        before = box.wait("web", "RUNNING")["pid"]
        (_, text), *_ = send.lines("reexec", [], [])
        send.send(str(box.home), text)
        time.sleep(0.1)
        os.kill(before, signal.SIGKILL)
        until(lambda was=before: box.unit("web")["pid"] not in (0, was), "a new process")


def test_an_end_that_is_asked_for_meanwhile_is_an_orderly_one(tmp_path: Path) -> None:
    """SIGTERM falls where no handler stands yet: it waits until one does."""
    with Box(tmp_path) as box:
        box.load(line("web"))
        assert box.pm("reexec").returncode == 0
        assert box.process is not None
        box.process.terminate()
        assert box.process.wait(30) == 0


def test_a_pm_that_is_ending_is_not_replaced(box: Box, newer: Path) -> None:
    """The next program would not know that this is the end, and stay there with all units down."""
    stop = ["sh", "-c", "trap '' TERM; touch ready; sleep 1000 & wait; sleep 1000"]
    box.load(line("web", command=stop, stop_timeout=3000))
    until((box.home / "spots/web/ready").exists, "its ears to be shut")
    (_, text), *_ = send.lines("reexec", [], [str(newer)])
    send.send(str(box.home), text)
    assert box.process is not None
    box.process.terminate()
    assert box.process.wait(30) == 0


def soft_limit(pid: int) -> str:
    """Of open files."""
    rows = Path(f"/proc/{pid}/limits").read_text().splitlines()
    return next(row.split()[3] for row in rows if row.startswith("Max open files"))


def test_what_starts_later_has_the_file_limit_that_pm_was_started_with(
    tmp_path: Path, newer: Path
) -> None:
    with Box(tmp_path, around=("prlimit", "--nofile=512:4096")) as box:
        box.load(line("web"))
        for _ in range(2):  # what the second one carries is what it was told itself
            assert box.pm("reexec", str(newer)).returncode == 0
            assert box.pm("restart", "web").returncode == 0
            assert soft_limit(box.wait("web", "RUNNING")["pid"]) == "512"
            assert soft_limit(box.pids()[1]) == "4096"
