"""Keys of the kernel that root's login has: no unit of somebody else gets them with pm."""

from __future__ import annotations

import ctypes
import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.box import Box, line
from tests.support.interpreter import python_for
from tests.support.wait import until

from enve_pm.shell.process import keyring

OWN, SEARCH = -3, 10  # the session keyring; KEYCTL_SEARCH
CALL = f"import ctypes\ncall = ctypes.CDLL(None).syscall\nKEYCTL = {keyring.number()}\n"
# Of a login: a keyring of its own with a key in it, then pm.
LOGIN = f"""{CALL}
import os, sys
call(KEYCTL, {keyring.JOIN}, None)
call(KEYCTL - 2, b"user", b"secret", b"of root", 7, {OWN})
os.execvp(sys.argv[1], sys.argv[1:])
"""
LOOK = f"""{CALL}
found = [name for name in ("secret", "other") if call(KEYCTL, {SEARCH}, {OWN}, b"user",
         name.encode(), 0) > 0]
print("found", found, flush=True)
call(KEYCTL - 2, b"user", b"other", b"of a unit", 9, {OWN})
"""


def can() -> bool:
    found = keyring.number()
    return os.getuid() == 0 and found > 0 and ctypes.CDLL(None).syscall(found, 0, OWN, 1) > 0


pytestmark = [
    pytest.mark.real,
    pytest.mark.host,
    pytest.mark.skipif(not can(), reason="NOT RUN: no keyrings here, or we are not root"),
]


@pytest.fixture
def box() -> Iterator[Box]:
    python = python_for("daemon")
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        around = (python, "-c", LOGIN)
        with Box(Path(name), "--no-cgroup", python=python, around=around) as box:
            for folder in (box.home, box.home / "spots"):
                folder.chmod(0o711)
            yield box


ROOMS: list[dict[str, Any]] = [{}, {"user": "daemon"}, {"user": "bin", "private_tmp": True}]


def test_no_unit_has_those_of_root_or_of_another_unit(box: Box) -> None:
    command = [box.python, "-c", f"{LOOK}import time; time.sleep(1000)"]
    units = [line(f"u{number}", command=command, **keys) for number, keys in enumerate(ROOMS)]
    for count in range(len(units)):
        box.load(*units[: count + 1])
        log = box.home / f"log/u{count}.log"
        until(lambda log=log: log.exists() and log.read_text(), "its words")  # type: ignore[misc]
        assert log.read_text() == "found []\n"


def test_who_enters_brings_none(box: Box) -> None:
    box.load(line("web", user="daemon"))
    words = box._argv(("enter", "--home", str(box.home), "web", "--", box.python, "-c", LOOK))
    login = [box.python, "-c", LOGIN, *words]
    done = subprocess.run(login, capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("found []\n", 0)
