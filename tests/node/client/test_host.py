"""`pm host`: what is put down for an init, and pm started and ended by hand."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support import box
from tests.support.wait import until

from enve_pm.hostinit import kept, life

pytestmark = pytest.mark.real
LAUNCHER = """#!/bin/sh
PMHOME={home}
PMPIPE={home}/run/default.pipe
export PMHOME PMPIPE
exec {python} -I -S {program} "$@"
"""


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A user's install, with what it needs of deploy."""
    home = tmp_path / "pm"
    (home / "run").mkdir(parents=True)
    (home / "pm").write_text(
        LAUNCHER.format(home=home, python=sys.executable, program=box.installed())
    )
    (home / "pm").chmod(0o755)
    yield home
    life.stop(str(home))


def pm(home: Path, *words: str, path: str = "") -> subprocess.CompletedProcess[str]:
    env = {"PATH": f"{path}:{os.environ['PATH']}"}
    argv = [str(home / "pm"), *words]
    return subprocess.run(argv, env=env, capture_output=True, text=True, timeout=60, check=False)


def test_pm_is_started_and_ended_by_hand(home: Path) -> None:
    first = pm(home, "host", "start", "--kind", "none")
    assert (first.returncode, first.stdout) == (0, ""), first.stderr
    assert pm(home, "status").returncode == 0
    again = pm(home, "host", "start", "--kind", "none")
    assert again.stdout == f"pm runs already, pid {life.holder(str(home))}\n"
    assert pm(home, "host", "stop", "--kind", "none").returncode == 0
    until(lambda: not life.holder(str(home)), "pm and its loop to be gone", 5)
    assert pm(home, "host", "stop", "--kind", "none").returncode == 0


def test_what_would_be_put_down_is_printed_and_nothing_done(home: Path) -> None:
    done = pm(home, "host", "install", "--kind", "none", "--stdout")
    assert (done.returncode, done.stdout) == (0, "")
    assert pm(home, "status").returncode == 3


def test_an_entry_comes_and_goes(home: Path, tmp_path: Path) -> None:
    from tests.node.hostinit.test_keepers import CRONTAB, program

    program(tmp_path / "bin/crontab", CRONTAB)
    table = tmp_path / "bin/table"
    said = [
        pm(home, "host", *words, path=str(tmp_path / "bin")).stdout
        for words in (("install", "--kind", "cron"), ("install", "--kind", "cron"), ("remove",))
    ]
    assert said == ["registered with cron\n", "unchanged: cron\n", "removed from cron\n"]
    assert not table.exists()


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        ([], 64, "wanted: pm host install"),
        (["install", "remove"], 64, "wanted: pm host install"),
        (["instal"], 64, "wanted: pm host install"),
        (["install", "--kind", "systemb"], 64, "did you mean systemd?"),
        (["install", "--kind", "upstart"], 64, "known here: "),
        (["install", "--kind", "runit"], 64, "--kind runit is root's: it takes --as-root"),
        (["install", "--kind", "launchd"], 3, "launchd can't be had on this machine"),
        (["stop", "--kind", "auto", "--init-stream", "x"], 64, "goes with install"),
        (["remove", "--stdout"], 64, "--stdout goes with install, found remove; nothing was done"),
        (["start", "--force"], 64, "--force goes with install"),
    ],
)
def test_what_is_not_understood(home: Path, words: list[str], code: int, told: str) -> None:
    done = pm(home, "host", *words)
    assert done.returncode == code
    assert told in done.stderr


def test_a_pm_that_was_not_registered_is_ended_and_that_is_said(home: Path) -> None:
    assert pm(home, "host", "start", "--kind", "none").returncode == 0
    assert pm(home, "host", "remove", "--stdout").returncode == 64
    assert pm(home, "status").returncode == 0  # that command ends nothing
    assert pm(home, "host", "remove").stdout == "ended pm; it was not registered\n"
    assert pm(home, "host", "remove").stdout == "unchanged: it was not registered\n"
    assert pm(home, "status").returncode == 3


def test_any_kind_is_printed_for_other_machines(home: Path) -> None:
    done = pm(home, "host", "install", "--kind", "systemd", "--stdout")
    assert f'ExecStart=/bin/sh "{home}/pm" "run"' in done.stdout
    assert done.stdout.endswith("WantedBy=default.target\n")


def test_root_is_told_of_its_own_flag(home: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root is told so")
    done = pm(home, "host", "install", "--as-root")
    assert done.returncode == 3
    assert "is root's own; leave --as-root out" in done.stderr
    shutil.chown(home, 1, 1)
    done = pm(home, "host", "install")
    assert (done.returncode, "root may with --as-root" in done.stderr) == (5, True)
    shutil.chown(home, 0, 0)


def test_a_home_without_a_launcher_is_not_registered(home: Path, tmp_path: Path) -> None:
    done = pm(home, "host", "install", "--home", str(tmp_path), "--kind", "none")
    assert done.returncode == 3
    assert f"there is no {tmp_path}/pm; enve-deploy puts it there" in done.stderr


def test_a_home_that_is_not_there_is_told(home: Path, tmp_path: Path) -> None:
    done = pm(home, "host", "stop", "--home", f"{tmp_path}/none")
    assert (done.returncode, done.stderr) == (
        3,
        f"pm: {tmp_path}/none: No such file or directory\n",
    )


def test_only_the_owner_may(home: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a home away")
    shutil.chown(home, 1, 1)
    done = pm(home, "host", "stop")
    assert done.returncode == 5
    assert "belongs to uid 1" in done.stderr
    shutil.chown(home, 0, 0)


def test_one_that_waits_follows_the_one_that_ends(home: Path) -> None:
    assert pm(home, "host", "start", "--kind", "none").returncode == 0
    first = life.holder(str(home))
    waits = [subprocess.Popen([str(home / "pm"), "run", "--wait"]) for _ in range(2)]
    try:
        assert life.stop(str(home))
        until(lambda: life.alive(str(home)), "the next one to be there")
        assert life.holder(str(home)) != first
        other = next(one for one in waits if one.pid != life.holder(str(home)))
        other.terminate()
        assert other.wait(20) == -signal.SIGTERM
    finally:
        for one in waits:
            one.terminate()
            one.wait(60)


def test_what_is_registered_begins_with_the_stream(home: Path, tmp_path: Path) -> None:
    (home / "lib").mkdir()
    stream = tmp_path / "it's first.stream"
    install = ("host", "install", "--kind", "systemd", "--stdout")
    assert "--init-stream" not in pm(home, *install).stdout
    assert f'"--init-stream" "{stream}"' in pm(home, *install, f"--init-stream={stream}").stdout

    first = pm(home, "host", "install", "--kind", "none", f"--init-stream={stream}")
    assert (first.returncode, "there is no file" in first.stderr) == (3, True)
    stream.write_text("x")
    assert pm(home, "host", "install", "--kind", "none", f"--init-stream={stream}").returncode == 0
    assert kept.of(str(home)).loop[-2:] == ["--init-stream", str(stream)]  # as a deploy sees it
    assert f'"{stream}"' in pm(home, *install).stdout
    assert pm(home, "host", "install", "--kind", "none", "--init-stream=").returncode == 0
    assert kept.of(str(home)).stream == ""


def test_a_stream_of_standard_input_is_kept_in_the_home(home: Path) -> None:
    (home / "lib").mkdir()
    argv = [str(home / "pm"), "host", "install", "--kind", "none", "--init-stream", "-"]
    subprocess.run(argv, input=b"plan", check=True, timeout=60)
    stream = Path(kept.of(str(home)).stream)
    assert (stream.parent, stream.read_bytes()) == (home, b"plan")
    refused = pm(home, "host", "install", "--stdout", "--init-stream", "-")
    assert (refused.returncode, "give a file" in refused.stderr) == (64, True)
    assert pm(home, "host", "start", "--init-stream", "x").returncode == 64
