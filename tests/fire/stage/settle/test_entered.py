"""What runs in a root: by pm's own way in."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

import pytest
from tests.support.brood import state
from tests.support.forked import in_own_mounts
from tests.support.rooted import (
    DATA,
    MACHINE,
    begun,
    context,
    product_of,
    run,
    says,
    standing,
)
from tests.support.wait import until

from enve_fire.core.trouble import MISSING
from enve_fire.stage.settle.settle import settle, unsettle
from enve_pm.shell.process import mountinfo

pytestmark = [pytest.mark.real, pytest.mark.host]


HEARS = "trap 'exit 7' TERM; echo in; while :; do sleep 0.05; done"
DEAF = "trap '' TERM; echo in; while read -r line; do echo $line; done; exit 5"
PLAIN = "echo in; exec sleep 1000"
ENDS = [(HEARS, "TERM", 7), (DEAF, "TERM", 5), (PLAIN, "TERM", -15), (PLAIN, "KILL", -9)]


@pytest.mark.parametrize("isolate", ["chroot", "jail"])
def test_its_signals_and_its_exit_code_are_those_of_what_runs(tmp_path: Path, isolate: str) -> None:
    wanted = product_of(mounts=MACHINE, isolate=isolate)
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "bufsize": 1}

    def one(script: str, number: int, code: int) -> None:
        with begun(wanted, tmp_path, "/bin/sh", "-c", script, **pipes) as process:
            assert process.stdout.readline() == "in\n"
            process.send_signal(number)
            assert process.communicate("on\n")[0] == ("on\n" if code == 5 else "")
        assert process.returncode == code

    def work() -> None:
        settle(wanted, context(), str(tmp_path))
        for script, name, code in ENDS:
            one(script, getattr(signal, "SIG" + name), code)
        assert begun(wanted, tmp_path, "/bin/sh", "-c", "kill -11 $$; exit 3").wait() in (3, -11)
        unsettle(str(tmp_path))

    in_own_mounts(work)


def test_a_jail_stops_and_goes_on(tmp_path: Path) -> None:
    volumes = [{"path": "data"}]
    wanted = product_of(mounts=[*MACHINE, DATA], volumes=volumes, isolate="jail")

    def work() -> None:
        settle(wanted, context(), str(tmp_path))
        with standing(wanted, tmp_path) as process:
            process.send_signal(signal.SIGTSTP)
            until(lambda: state(process.pid) == "T", "it to stop")
            process.send_signal(signal.SIGCONT)
            says(process, "on")
            assert process.stdin
            process.stdin.close()
        assert process.returncode == 0
        unsettle(str(tmp_path))

    in_own_mounts(work)


def test_a_jail_has_processes_and_mounts_of_its_own(tmp_path: Path) -> None:
    wanted = product_of(mounts=MACHINE, isolate="jail")

    def work() -> None:
        settle(wanted, context(), str(tmp_path))
        count = "set -- /proc/[0-9]*; echo $# $$; wc -l </proc/self/mountinfo"
        said = run(wanted, tmp_path, "/bin/sh", "-c", count).split()
        assert said[:2] == ["1", "1"]
        assert int(said[2]) < len(mountinfo.read())
        with begun(wanted, tmp_path, "no-such", stderr=subprocess.PIPE, text=True) as process:
            assert "no-such cannot run in /" in process.communicate()[1]
        assert process.returncode == MISSING
        unsettle(str(tmp_path))

    in_own_mounts(work)
