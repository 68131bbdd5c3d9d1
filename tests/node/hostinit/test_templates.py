"""Templates for hosts that no lab of ours has: read by what reads them there, or by a stand-in."""

from __future__ import annotations

import os
import plistlib
import subprocess
from pathlib import Path

import pytest

from enve_pm.hostinit import kept, rcd, register
from enve_pm.hostinit.cygrunsrv import Cygrunsrv
from enve_pm.hostinit.keeper import MARK
from enve_pm.hostinit.launchd import Launchd
from enve_pm.hostinit.rcd import RcD

ODD = "/srv/a <b> & 50%\"$x\\y/it's `z`"
# The part of a BSD's rc.subr that the script goes by.
SUBR = """
load_rc_config() { loaded=$1; }
checkyesno() { eval "[ \\"\\$$1\\" = YES ]"; }
run_rc_command() { checkyesno "$rcvar" && eval "\\$${1}_cmd"; }
"""


@pytest.mark.real
def test_rc_finds_its_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rcd, "SUBR", str(tmp_path / "rc.subr"))
    (tmp_path / "rc.subr").write_text(SUBR)
    home = tmp_path / 'a b 50% "$x" it\'s'
    home.mkdir()
    (home / "pm").write_text('#!/bin/sh\necho "$@"\n[ "$1" != status ]\n')
    (home / "pm").chmod(0o755)
    made = RcD(kept.of(str(home)))
    script = tmp_path / "script"
    script.write_text(made.text())

    def run(word: str, **env: str) -> tuple[int, str]:
        argv = ["sh", script, word]
        done = subprocess.run(argv, capture_output=True, text=True, env=env, check=False)
        return done.returncode, done.stdout

    path = {"PATH": os.environ["PATH"]}
    assert run("start", **path) == (0, "run --respawn --detach\n")
    assert run("stop", **path) == (0, "host stop --kind none\n")
    assert run("status", **path) == (1, "status\n")
    assert run("start", **path, **{f"{made.name}_enable": "NO"}) == (1, "")


def test_rc_names_are_names_of_variables() -> None:
    made = RcD(kept.of("/srv/pm", "op"))
    assert made.name.isidentifier()
    assert made.path.endswith("/" + made.name)
    assert "su op -c 'exec /srv/pm/pm status'" in made.text()


@pytest.mark.parametrize("login", ["", "op"])
@pytest.mark.parametrize("home", ["/var/opt/pm", ODD])
def test_launchd_reads_its_list(home: str, login: str) -> None:
    made = Launchd(kept.of(home, login))
    assert MARK in made.text().splitlines()
    value = plistlib.loads(made.text().encode())
    assert value.pop("UserName", "") == login
    assert value == {
        "Label": made.kept.name,
        "ProgramArguments": ["/bin/sh", f"{home}/pm", "run", "--wait"],
        "RunAtLoad": True,
        "KeepAlive": True,
        "ExitTimeOut": 120,
    }


def test_launchd_knows_daemons_from_agents() -> None:
    ours = kept.of("/srv/pm")
    assert Launchd(ours).path.startswith("/Library/LaunchDaemons/")
    assert "/Library/LaunchAgents/" in Launchd(ours, user=True).path


def test_cygrunsrv_is_given_its_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a stand-in that writes them down, and knows one service."""
    there, asked = tmp_path / "there", tmp_path / "asked"
    (tmp_path / "cygrunsrv").write_text(
        f'#!/bin/sh\nfor word in "$@"; do printf "%s\\n" "$word"; done >>{asked}\n'
        f"case $1 in --query) [ -e {there} ];;\n"
        f"--install) : >{there};; --remove) rm {there};; esac\n"
    )
    (tmp_path / "cygrunsrv").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    made = Cygrunsrv(kept.of(ODD))
    assert (made.register(), made.register()) == (True, False)
    words = asked.read_text().splitlines()
    name = made.kept.name
    assert words[2:13] == [
        *("--install", name, "--path", f"{ODD}/pm", "--args", "run --wait"),
        *("--disp", f"pm {ODD}", "--type", "auto", "--neverexits"),
    ]
    asked.unlink()
    assert (made.remove(), made.remove()) == (True, False)
    words = asked.read_text().splitlines()
    assert words[4:8] == ["--stop", name, "--remove", name]


def examples() -> list[Path]:
    return sorted((Path(__file__).parents[3] / "playbooks/hosts/files").iterdir())


@pytest.mark.parametrize("path", examples(), ids=lambda path: path.stem)
def test_the_examples_are_what_is_put_down(path: Path) -> None:
    ours = kept.of("/var/opt/pm")
    makes = {**register.SYSTEM, **register.ANY}
    name = path.name.removesuffix(".plist")
    assert path.read_text() == makes[name](ours).text()


def test_every_host_has_an_example() -> None:
    names = {path.name.removesuffix(".plist") for path in examples()}
    assert names == {*register.SYSTEM, *register.ANY} - {"none"}
