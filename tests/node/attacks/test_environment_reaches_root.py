"""A plan's environment, below a root pm: it is the unit's alone, root's tools never see it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from enve_pm.shell.events.loop import Loop
from enve_pm.shell.events.system import System
from enve_pm.shell.process import spawn
from enve_pm.shell.process.spawn import Order, launch
from enve_pm.shell.process.veil import VEIL, veiled

needs_root = pytest.mark.skipif(os.getuid() != 0, reason="only root changes users")
OWN = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}


def of_nobody(argv: list[str], env: dict[str, str], out: Path) -> str:
    fd = os.open(out, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o666)
    order = Order(argv, {**spawn.base_env("nobody"), **env}, {1: fd, 2: fd})
    order.user = "nobody"
    order.nice = 1
    os.waitpid(launch(Loop(System()), order), 0)
    os.close(fd)
    return out.read_text()


@pytest.mark.real
@needs_root
def test_a_path_of_the_plan_does_not_choose_setpriv(tmp_path: Path) -> None:
    for name in ("setpriv", "nice", "sh"):
        fake = tmp_path / name
        fake.write_text(f"#!/bin/sh\necho $0 >> {tmp_path}/taken\n")
        fake.chmod(0o755)
    said = of_nobody(["/bin/sh", "-c", "/usr/bin/id -u"], {"PATH": str(tmp_path)}, tmp_path / "out")
    assert int(said) != 0
    assert not (tmp_path / "taken").exists()


@pytest.mark.real
@needs_root
def test_root_loads_no_library_of_the_plan(tmp_path: Path) -> None:
    # ld.so writes LD_DEBUG_OUTPUT.PID for every program that it starts: owned by who ran it
    tmp_path.chmod(0o777)
    for folder in tmp_path.parents:
        if str(folder).count("/") > 1 and folder.owner() == "root":
            folder.chmod(folder.stat().st_mode | 0o011)
    env = {"LD_DEBUG": "files", "LD_DEBUG_OUTPUT": str(tmp_path / "seen")}
    of_nobody(["/bin/true"], env, tmp_path / "out")
    seen = list(tmp_path.glob("seen.*"))
    assert seen, "the unit itself gets its variables"
    assert all(one.stat().st_uid != 0 for one in seen)


@pytest.mark.parametrize(
    "name", ["LD_PRELOAD", "GLIBC_TUNABLES", "LANGUAGE", "PATH", "X", "LC_ALL"]
)
def test_no_name_of_the_plan_is_shown(name: str) -> None:
    shown, _ = veiled({**OWN, name: "/tmp/x", "PM_JOB": "1"}, OWN, "/bin/sh")
    assert name not in shown or shown[name] == OWN.get(name)
    assert shown["PM_JOB"] == "1", "whose process this is can be told all the time"


@pytest.mark.real
def test_the_unit_gets_exactly_its_own(tmp_path: Path) -> None:
    env = {
        **OWN,
        "HOME": "/x",
        "A": 'it\'s "quoted" $HOME `id`\n two lines\\',
        "IFS": "a",
        "PATH": "/nowhere",
        "EMPTY": "",
        "LD_LIBRARY_PATH": "/none",
        "RANDOM": "7",
        "ENV": "/none",
    }
    shown, back = veiled(env, OWN, "/bin/sh")
    assert not any("quoted" in word for word in back), "values never stand among the words"
    argv = [*back, "/usr/bin/env", "-0"]
    text = subprocess.run(argv, env=shown, capture_output=True, check=True, text=True).stdout
    got = dict(row.split("=", 1) for row in text.split("\0") if row)
    got.pop("_", None)
    assert got == env
    assert VEIL not in text


def test_nothing_to_give_back_costs_no_shell() -> None:
    assert veiled({**OWN, "PM_JOB": "1"}, OWN, "/bin/sh") == ({**OWN, "PM_JOB": "1"}, [])
