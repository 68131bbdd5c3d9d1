"""What stands before the walls of a build, and what they are entered with: nothing of the product's
leads that, and nothing of who calls comes along."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.support.walled import run

from enve_fire.stage.walls import sandbox
from enve_pm.shell.process import keyring

ADD = {"x86_64": 248, "aarch64": 217, "riscv64": 217, "s390x": 278, "ppc64le": 269}  # add_key(2)
SEARCH, SESSION = 10, -3  # of keyctl(2)


@pytest.mark.skipif(not shutil.which("cc"), reason="needs a compiler")
def test_what_a_product_has_loaded_is_loaded_behind_the_walls(walls, tmp_path):
    """`build.env` is its own word, also LD_PRELOAD."""
    outside, source = tmp_path / "outside", tmp_path / "load.c"
    source.write_text(
        "#include <fcntl.h>\n__attribute__((constructor)) void go(void)"
        f'{{ open("{outside}", O_CREAT, 0600); open("here", O_CREAT, 0600); }}\n'
    )
    made = Path(walls.writable[0]) / "load.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", made, source], check=True)
    run(walls, "true", LD_PRELOAD="./load.so")
    assert (made.parent / "here").exists()
    assert not outside.exists()


def test_its_environment_comes_as_it_is_said(walls):
    said = run(walls, "env", A="", B="1 2\n3=4", C="--bind")
    assert {"A=", "B=1 2", "3=4", "C=--bind"} <= set(said.splitlines())


def test_the_list_of_processes_says_neither_paths_nor_variables(tmp_path):
    """Of a private entry of a store not even the name is for others."""
    (tmp_path / "in").mkdir()
    walls = sandbox.Sandbox(sandbox.BWRAP, (str(tmp_path / "in"),))
    if sandbox.probe(walls):
        pytest.skip("no bwrap works here")
    said = run(walls, "tr '\\0' ' ' </proc/1/cmdline", HIDDEN="hunter2")
    assert "--args" in said
    assert "hunter2" not in said
    assert str(tmp_path) not in said


def test_a_folder_that_the_caller_has_open_is_not_theirs(walls, tmp_path):
    handle = os.open(tmp_path, os.O_RDONLY)
    try:
        os.set_inheritable(handle, True)
        said = run(walls, f"! ls /proc/self/fd/{handle}/ 2>&1", "ls /proc/self/fd")
    finally:
        os.close(handle)
    numbers = {int(line) for line in said.splitlines() if line.isdecimal()}
    assert numbers <= {0, 1, 2, 3}  # 3: that of the listing
    assert str(tmp_path) not in said.replace(f"{tmp_path}/in", "")


def test_keys_of_who_calls_stay_with_him(walls):
    machine, call = os.uname().machine, ctypes.CDLL(None, use_errno=True).syscall
    search, session = ctypes.c_long(SEARCH), ctypes.c_long(SESSION)
    keyring.leave()
    name = b"enve-test:%d" % os.getpid()
    if machine not in ADD or call(ADD[machine], b"user", name, b"x", ctypes.c_long(1), session) < 0:
        pytest.skip("no key can be kept here")
    assert call(keyring.number(), search, session, b"user", name, ctypes.c_long(0)) > 0
    code = (
        "import ctypes; long = ctypes.c_long; print('found', ctypes.CDLL(None).syscall("
        f"{keyring.number()}, long({SEARCH}), long({SESSION}), b'user', {name!r}, long(0)))"
    )
    assert "found -1" in run(walls, f'/usr/bin/python3 -c "{code}"')
    keyring.leave()
