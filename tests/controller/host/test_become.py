"""Becoming root: through a sudo of our own that does what the real one does with its stdin."""

from __future__ import annotations

import asyncio
import os
import signal
import stat
import subprocess
from pathlib import Path

import pytest

from enve.errors import NodeFailure
from enve.host import local
from enve.host.base import Completed
from enve.host.become import Become, plain
from enve.host.local import LocalHost
from enve.model.site import Become as Wanted
from enve.model.site import Connection, Node

pytestmark = pytest.mark.real

# -n: needs no password, or says so. -S: reads one line as the password, unless NOPASSWD.
SUDO = """#!/bin/sh
case $1 in
  -n) [ -n "$NOPASSWD" ] || { echo "sudo: a password is required" >&2; exit 1; }; shift ;;
  -S) shift 3
    if [ -z "$NOPASSWD" ]; then
      for try in 1 2 3; do
        IFS= read -r word || { echo "sudo: no password was provided" >&2; exit 1; }
        [ "$word" = secret ] && break
        [ $try = 3 ] && { echo "sudo: 3 incorrect password attempts" >&2; exit 1; }
      done
    fi ;;
esac
[ "$1" = -- ] && shift
BECAME=root exec "$@"
"""
ID = "#!/bin/sh\necho 1000\n"


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH on which sudo and id are ours."""
    for name, text in (("sudo", SUDO), ("id", ID)):
        file = tmp_path / name
        file.write_text(text)
        file.chmod(file.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.delenv("NOPASSWD", raising=False)
    return tmp_path


def run(command: str, password: str | None, stdin: bytes = b"") -> Completed:
    connection = Connection(kind="local", become=Wanted(enabled=True, ask=password is not None))
    host = LocalHost(Node("here", connection), password)
    return asyncio.run(host.run(command, stdin=stdin, deadline=30))


@pytest.mark.parametrize("nopasswd", ["", "1"])
def test_the_password_never_reaches_the_command(
    nopasswd: str, tools: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether sudo reads the password or not, the command sees its own input alone."""
    monkeypatch.setenv("NOPASSWD", nopasswd)
    data = b"one\ntwo\n" + bytes(range(256)) * 1000
    done = run('echo "$BECAME" >&2; cat; exit 3', "secret", data)
    assert (done.status, done.stdout, done.stderr) == (3, data, b"root\n")


def test_without_a_password_sudo_must_not_need_one(
    tools: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(NodeFailure, match="a password is required") as caught:
        run("true", None)
    assert "-K" in caught.value.hint
    monkeypatch.setenv("NOPASSWD", "1")
    assert run("cat", None, b"input").stdout == b"input"


def test_a_wrong_password_is_told_as_such(tools: Path) -> None:
    with pytest.raises(NodeFailure, match="3 incorrect password attempts"):
        run("true", "wrong", b"a\nb\nc\n")


def test_a_node_without_sudo_is_told_as_such(tools: Path) -> None:
    (tools / "sudo").unlink()
    if any((Path(folder) / "sudo").exists() for folder in os.environ["PATH"].split(":")):
        (tools / "sudo").write_text("#!/bin/sh\necho 'sh: sudo: not found' >&2; exit 127\n")
        (tools / "sudo").chmod(0o755)
    with pytest.raises(NodeFailure) as caught:
        run("true", None)
    assert "install sudo" in caught.value.hint


def test_a_command_that_is_not_ours_to_kill_ends_at_its_deadline(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As with a real sudo: signals to what became root are refused."""

    def refused(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(local, "SAY_GOODBYE", 0.1)
    host = LocalHost(Node("here", Connection(kind="local")), None)
    real = host._start

    async def main() -> None:
        made: list[asyncio.subprocess.Process] = []

        async def start(command: str, root: Become | None) -> asyncio.subprocess.Process:
            made.append(await real(command, root))
            return made[0]

        monkeypatch.setattr(host, "_start", start)
        with monkeypatch.context() as nobody, pytest.raises(TimeoutError):
            nobody.setattr(os, "killpg", refused)
            nobody.setattr(subprocess.Popen, "kill", refused)
            await host.run("exec sleep 600", deadline=0.2)
        os.kill(made[0].pid, signal.SIGKILL)
        assert await made[0].wait() == -signal.SIGKILL

    asyncio.run(main())


def test_who_is_root_already_needs_no_sudo(tools: Path) -> None:
    (tools / "id").write_text("#!/bin/sh\necho 0\n")
    done = run("echo $BECAME; cat", "secret", b"input")
    assert (done.stdout, done.stderr) == (b"\ninput", b"")


def test_the_password_stands_in_no_command_line() -> None:
    made = Become.new("hunter2")
    assert "hunter2" not in made.command("true")
    assert b"hunter2\n" in made.before


def test_a_command_is_one_quoted_word_for_any_login_shell() -> None:
    assert plain("echo 'a b' \"$x\"") == "exec sh -c 'echo '\"'\"'a b'\"'\"' \"$x\"'"
