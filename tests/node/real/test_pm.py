"""A whole pm with processes that misbehave, commands, and its own sudden death."""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from collections.abc import Iterator
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from tests.support import brood
from tests.support.box import Box, line
from tests.support.wait import until

pytestmark = pytest.mark.real


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    with Box(tmp_path) as made:
        yield made


def marked(box: Box, name: str, script: str = "", **keys: Any) -> dict[str, Any]:
    """A line whose processes bear the box's mark."""
    if script:
        keys["command"] = ["sh", "-c", script]
    return line(name, env={brood.MARK: box.mark}, **keys)


def below(box: Box) -> list[int]:
    """The living processes of units: those with the mark that are not pm's own."""
    return [pid for pid in brood.marked(box.mark) if _is_units(pid)]


def _is_units(pid: int) -> bool:
    try:
        return b"PM_JOB=" in Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return False


def starts(box: Box, unit: str) -> list[int]:
    """When the kept jobs of a unit were started (ms), in order."""
    texts = [path.read_text() for path in (box.home / "jobs").glob("*/parameter")]
    rows = [json.loads(text) for text in texts if text]
    return sorted(row["wall"] for row in rows if row.get("unit") == unit)


# -- misbehaviour ---------------------------------------------------------------------------------
def test_a_crash_loop_backs_off_and_goes_on(box: Box) -> None:
    box.load(marked(box, "bad", "exit 3", ready={"how": "wait", "ms": 500}), status=3)
    until(lambda: len(starts(box, "bad")) >= 5, "five starts")
    times = starts(box, "bad")[:5]
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert all(gap >= 0.95 * wanted for gap, wanted in zip(gaps, [100, 200, 400, 800], strict=True))
    unit = box.unit("bad")
    assert unit["want"] == "up"
    assert unit["restarts"] >= 4
    assert box.pm("stop", "bad").returncode == 0
    assert box.wait("bad", "STOPPED")["want"] == "down"


def test_one_that_ignores_term_is_killed_after_its_time(box: Box) -> None:
    script = "trap '' TERM; echo up; while :; do sleep 1; done"
    box.load(marked(box, "deaf", script, stop_timeout=300))
    until((box.home / "log/deaf.log").exists, "it to be deaf")
    began = time.monotonic()
    assert box.pm("stop", "deaf").returncode == 0
    assert time.monotonic() - began >= 0.25
    assert box.wait("deaf", "STOPPED")["pid"] == 0
    assert below(box) == []


def test_a_stop_and_a_crash_leave_no_descendant(box: Box) -> None:
    box.load(marked(box, "family", brood.FAMILY, stop_timeout=500))
    until(lambda: len(below(box)) >= brood.SIZE, "the family")
    before = set(below(box))
    os.kill(box.unit("family")["pid"], signal.SIGKILL)
    until(lambda: len(starts(box, "family")) == 2, "the restart")
    assert not before & set(below(box))
    assert box.pm("stop", "family").returncode == 0
    assert below(box) == []


def test_a_daemon_is_watched_and_restarted(box: Box) -> None:
    script = "(setsid sh -c 'echo $$ > d.pid; exec sleep 1000' &) ; exit 0"
    box.load(marked(box, "daemon", script, ready={"how": "pidfile", "path": "d.pid"}))
    first = box.wait("daemon", "RUNNING")["pid"]
    assert first == int((box.home / "spots/daemon/d.pid").read_text())
    os.kill(first, signal.SIGKILL)
    until(lambda: box.unit("daemon")["pid"] not in (0, first), "another one")
    box.wait("daemon", "RUNNING")
    assert len(below(box)) == 1


def test_it_is_not_running_before_it_says_so(box: Box) -> None:
    script = "while [ ! -f go ]; do sleep 0.02; done; echo >&5; exec sleep 1000"
    box.load(marked(box, "slow", script, ready={"how": "fd", "fd": 5}, want="down"))
    assert box.pm("start", "slow", "--no-wait").returncode == 0
    box.wait("slow", "STARTING")
    (box.home / "spots/slow/go").write_text("")
    box.wait("slow", "RUNNING")


def test_one_that_never_gets_ready_fails_in_time(box: Box) -> None:
    script = "trap '' TERM; while :; do sleep 1; done"
    keys = {"start_timeout": 200, "stop_timeout": 200, "restart": "never"}
    box.load(marked(box, "never", script, ready={"how": "notify"}, **keys), status=3)
    assert box.wait("never", "STARTING_FAIL")["result"] == "timeout"
    until(lambda: below(box) == [], "it to be gone")


def test_a_resource_is_checked_made_and_undone(box: Box) -> None:
    mark = box.home / "made"
    words = {"check": f"test -f {mark}", "make": f"touch {mark}", "undo": f"rm {mark}"}
    commands = {step: ["sh", "-c", word] for step, word in words.items()}
    box.load({"v": 1, "name": "thing", "kind": "resource", **commands})
    box.wait("thing", "RUNNING")
    assert mark.exists()
    mark.unlink()
    box.pm("recheck", "thing")
    until(mark.exists, "it to be made again")
    box.load()
    until(lambda: not mark.exists(), "it to be undone")


def test_commands_get_through_a_flood(box: Box) -> None:
    flood = marked(box, "flood", "exec yes xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", log_size=1 << 20)
    box.load(flood, marked(box, "other"))
    until((box.home / "log/flood.log.3").exists, "the flood is rotated")
    began = time.monotonic()
    for _ in range(5):
        assert box.pm("stop", "other").returncode == 0
        assert box.pm("start", "other").returncode == 0
    assert time.monotonic() - began < 20  # ten clients on a busy machine


# -- what a plan changes ---------------------------------------------------------------------------
def blob(box: Box, text: bytes) -> dict[str, Any]:
    """A config file that the store has."""
    name = sha256(text).hexdigest()
    (box.home / "store" / name).write_bytes(text)
    return {"sha256": name, "size": len(text), "mode": 0o600}


def test_only_what_changed_is_touched_and_by_its_class(box: Box) -> None:
    script = "trap 'cat conf' HUP; cat conf; while :; do sleep 0.05; done"

    def web(text: bytes) -> dict[str, Any]:
        files = {"conf": blob(box, text)}
        return marked(box, "web", script, reload={"signal": "HUP"}, files=files)

    box.load(web(b"one\n"), marked(box, "db"))
    before = box.listing()
    log = box.home / "log/web.log"
    until(lambda: log.exists() and log.read_text() == "one\n", "the first config")
    box.load(web(b"two\n"), marked(box, "db"))
    until(lambda: log.read_text() == "one\ntwo\n", "the reload")
    box.load(web(b"two\n"), marked(box, "db", nice=1))
    after = box.listing()
    assert after["web"]["pid"] == before["web"]["pid"]
    assert after["db"]["pid"] != before["db"]["pid"]


def test_a_spot_whose_files_cannot_be_placed_keeps_what_it_runs(box: Box) -> None:
    box.load(marked(box, "web"), marked(box, "db"))
    before = box.listing()
    spots = box.home / "spots"
    (spots / "web").rename(spots / "away")
    for spot in ("web", "new"):
        (spots / spot).write_bytes(b"in the way of the directory")
    files = {"conf": blob(box, b"text\n")}
    lines = [
        marked(box, "web", files=files),
        marked(box, "new", files=files),
        marked(box, "db", nice=1),
    ]
    box.load(*lines, status=3)
    after = box.listing()
    assert after["web"]["pid"] == before["web"]["pid"]
    assert after["new"]["result"].startswith("place:")
    assert after["db"]["pid"] != before["db"]["pid"]
    for spot in ("web", "new"):
        (spots / spot).unlink()
    (spots / "away").rename(spots / "web")
    box.load(*lines)
    assert box.wait("new", "RUNNING")
    assert box.unit("web")["pid"] != before["web"]["pid"]


# -- sudden death ---------------------------------------------------------------------------------
def test_what_was_wanted_comes_back_once_after_a_sudden_death(box: Box) -> None:
    """Both are killed at random points, also in the middle of a start: never a duplicate."""
    chance = random.Random(7)
    names = [f"u{number}" for number in range(12)]
    box.load(*(marked(box, name, stop_timeout=500) for name in names))
    assert box.pm("stop", "u3").returncode == 0
    assert box.pm("set-property", "u4", "stop_timeout=77").returncode == 0
    for _ in range(6):
        watchdog, pm = box.pids()
        time.sleep(chance.random() * 0.3)
        for pid in chance.sample([watchdog, pm], 2):
            os.kill(pid, signal.SIGKILL)
        assert box.process is not None
        box.process.communicate(timeout=30)
        box.start()
        time.sleep(chance.random() * 0.3)
        assert len(below(box)) <= len(names) - 1
    for name in names:
        box.wait(name, "STOPPED" if name == "u3" else "RUNNING")
    until(lambda: len(below(box)) == len(names) - 1, "each of them once")
    unit = box.unit("u3")
    assert unit["why"].startswith("manual by ")
    assert unit["drift"]
    assert json.loads(box.pm("cat", "u4").stdout)["stop_timeout"] == 77


def test_survivors_of_a_pm_that_died_with_its_watchdog_are_killed(box: Box) -> None:
    box.load(marked(box, "family", brood.FAMILY, stop_timeout=500))
    until(lambda: len(below(box)) >= brood.SIZE, "the family")
    before = set(below(box))
    watchdog, pm = box.pids()
    os.kill(watchdog, signal.SIGSTOP)  # it cannot do its work
    os.kill(pm, signal.SIGKILL)
    os.kill(watchdog, signal.SIGKILL)
    assert box.process is not None
    box.process.communicate(timeout=30)
    box.start()
    assert not before & set(below(box))


def test_a_unit_that_cannot_be_read_is_left_out(box: Box) -> None:
    box.load(marked(box, "good"), marked(box, "torn"))
    assert box.process is not None
    box.process.terminate()
    box.process.communicate(timeout=30)
    (box.home / "units/torn/parameter").write_text('{"v":1,"name":')
    box.start()
    box.wait("good", "RUNNING")
    assert "torn" not in box.listing()


def test_an_idle_pm_sleeps(box: Box) -> None:
    box.load(*(marked(box, f"u{number}") for number in range(20)))
    pm = box.pids()[1]

    def naps() -> int:
        text = Path(f"/proc/{pm}/status").read_text()
        return int(text.partition("\nvoluntary_ctxt_switches:")[2].split()[0])

    def quiet() -> bool:
        before = naps()
        time.sleep(1)
        return naps() == before

    until(quiet, "a second without a wakeup")


# -- every Python ---------------------------------------------------------------------------------
def test_one_that_is_started_without_standard_descriptors(tmp_path: Path) -> None:
    """What it opens first would be taken for them, and be overwritten in every child."""
    python = tmp_path / "python"
    closed = '*" run "*) exec "$python" "$@" <&- >&- 2>&- ;;'
    python.write_text(
        f"#!/bin/sh\npython='{sys.executable}'\n"
        f'case " $* " in {closed} *) exec "$python" "$@" ;; esac\n'
    )
    python.chmod(0o755)
    box = Box(tmp_path, python=str(python))
    with box:
        name = blob(box, b"text")
        box.load(line("web", files={"app.conf": name}, command=["sh", "-c", "echo up; sleep 1000"]))
        box.wait("web", "RUNNING")
        for pid in box.pids():
            shown = {Path(f"/proc/{pid}/fd/{number}").readlink() for number in (0, 1, 2)}
            assert shown == {Path(os.devnull)}
        assert (box.home / "spots" / "web" / "app.conf").read_bytes() == b"text"
        until(lambda: (box.home / "log" / "web.log").read_bytes() == b"up\n", "what it printed")


def interpreters() -> list[str]:
    found = [
        str(path)
        for minor in range(8, 14)
        for path in sorted(Path.home().glob(f".pyenv/versions/3.{minor}.*/bin/python"))
    ]
    return [*found, "/usr/bin/python3"]


@pytest.mark.parametrize("python", interpreters())
def test_every_python(tmp_path: Path, python: str) -> None:
    script = "trap 'echo again' HUP; echo up; while :; do sleep 0.05; done"
    with Box(tmp_path, python=python) as box:
        box.load(
            marked(box, "web", script, needs=["db"], reload={"signal": "HUP"}),
            marked(box, "db", "echo >&9; exec sleep 1000", ready={"how": "fd", "fd": 9}),
            marked(box, "said", 'setsid sleep 1000 & [ "$NOTIFY_SOCKET" ]; exec sleep 1000'),
        )
        first = box.wait("web", "RUNNING")["pid"]
        log = box.home / "log/web.log"
        until(lambda: log.exists() and "up" in log.read_text(), "its log")
        assert box.pm("reload", "web").returncode == 0
        until(lambda: "again" in log.read_text(), "the reload")
        assert box.pm("restart", "db").returncode == 0
        until(lambda: box.wait("web", "RUNNING")["pid"] != first, "a dependent that restarts")
        os.kill(box.unit("said")["pid"], signal.SIGKILL)
        until(lambda: box.unit("said")["restarts"] == 1, "a restart")
        box.wait("said", "RUNNING")
        assert box.pm("reexec").returncode == 0
        assert box.pm("stop", "db", "--with-dependents").returncode == 0
        assert box.wait("web", "STOPPED")["pid"] == 0
