"""Which init runs the machine, by its first process."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from enve_pm.hostinit import busybox, first

BOXED = True


@pytest.mark.parametrize(
    ("comm", "runs_busybox", "control", "found"),
    [
        ("init", BOXED, False, "busybox"),
        ("linuxrc", BOXED, False, "busybox"),
        ("init", False, True, "sysvinit"),
        ("init", False, False, ""),  # somebody's own /init
        ("sh", BOXED, False, ""),  # a shell in a container
        ("busybox", BOXED, True, ""),
        ("docker-init", False, False, ""),
        ("systemd", False, True, ""),
        ("runit", False, False, ""),
    ],
)
def test_which_one_it_is(
    comm: str, runs_busybox: bool, control: bool, found: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(first, "comm", lambda: comm)
    monkeypatch.setattr(first, "_runs_busybox", lambda: runs_busybox)
    monkeypatch.setattr(first, "_is_pipe", lambda path: control)
    seen = {"busybox": first.is_busybox(), "sysvinit": first.is_sysv()}
    assert {name for name, there in seen.items() if there} == ({found} if found else set())


@pytest.mark.host
def test_a_shell_of_busybox_is_told_nothing(tmp_path: Path) -> None:
    """It is process 1 of a pid namespace, as in a container, and would end by a hangup."""
    if os.geteuid() != 0:
        pytest.skip("needs a pid namespace")
    shell = shutil.which("busybox") or shutil.which("sh") or ""
    assert shell
    words = [shell, "sh"] if shell.endswith("busybox") else [shell]
    place = Path(busybox.__file__).parents[2]
    ask = "from enve_pm.hostinit import busybox; busybox.tell()"
    script = f"PYTHONPATH={place} {shutil.which('python3')} -c '{ask}'; echo alive; exit"
    done = subprocess.run(
        ["unshare", "--fork", "--pid", "--mount-proc", *words, "-c", script],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "alive\n"), done.stderr
