"""The system's tools, as they are run for deploy."""

from __future__ import annotations

import os
import pty
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from enve_pm.hostinit.problem import tool


@pytest.mark.parametrize(
    ("mode", "status", "told"), [(0o644, 126, "no right to run"), (0, 127, "there is no")]
)
def test_one_that_cannot_be_run_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: int, status: int, told: str
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    if mode:
        (tmp_path / "cygrunsrv").write_text("")
        (tmp_path / "cygrunsrv").chmod(mode)
    assert tool(["cygrunsrv", "--query", "x"]) == (status, f"{told} cygrunsrv")


@pytest.mark.real
def test_none_gets_the_terminal_of_its_caller() -> None:
    """Some of them run a login's program for root, which could type into root's shell."""
    text = "from enve_pm.hostinit.problem import tool\n"
    text += "print(tool(['sh', '-c', ': </dev/tty && echo has it']))\n"
    child, mine = pty.fork()
    if not child:
        os.execv(sys.executable, [sys.executable, "-c", text])
    said = b""
    with suppress(OSError):  # EIO: it has ended
        while data := os.read(mine, 4096):
            said += data
    os.waitpid(child, 0)
    os.close(mine)
    assert b"/dev/tty" in said
    assert b"has it" not in said
