"""ssh_config: cases as files, Include, and what is wrong with a file."""

from __future__ import annotations

import getpass
import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from enve.errors import InputError
from enve.host import sshconfig

CASES = yaml.safe_load(
    (Path(__file__).parents[2] / "cases/sshconfig/cases.yml").read_text(encoding="utf-8")
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_what_a_host_gets(case: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "config").write_text(case["config"])
    config = sshconfig.read(str(tmp_path / "config"))
    found = config.of(case["host"], user=case.get("user", ""), port=case.get("port", 0))
    for name, value in case["wanted"].items():
        assert getattr(found, name) == _filled(value), name
    words = [warning.split(": ")[1].split()[0] for warning in config.warnings]
    assert words == case.get("warnings", words)


def _filled(value: object) -> object:
    if isinstance(value, list):
        return tuple(text.replace("HOME", str(Path.home())) for text in value)
    return getpass.getuser() if value == "ME" else value


def test_a_login_without_a_name_is_its_uid(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody() -> str:
        raise KeyError("uid not found")

    monkeypatch.setattr(getpass, "getuser", nobody)
    assert sshconfig.SshConfig().of("a").user == str(os.getuid())


def test_include_stands_under_the_conditions_around_it(tmp_path: Path) -> None:
    (tmp_path / "more").write_text("User inner\nHost b\n  Port 5\n")
    (tmp_path / "config").write_text(f"Host a b\n  Include {tmp_path}/mo*\nHost *\n  User outer\n")
    config = sshconfig.read(str(tmp_path / "config"))
    assert config.of("a").user == "inner"
    assert (config.of("b").user, config.of("b").port) == ("inner", 5)
    assert config.of("c").user == "outer"


def test_an_include_that_includes_itself_ends(tmp_path: Path) -> None:
    (tmp_path / "config").write_text(f"Include {tmp_path}/config\n")
    with pytest.raises(InputError, match="nested too deep"):
        sshconfig.read(str(tmp_path / "config"))


@pytest.mark.parametrize("text", ['Host "open\n', "Match user\n", "Match exec\n"])
def test_a_broken_file_is_told_with_its_line(text: str, tmp_path: Path) -> None:
    (tmp_path / "config").write_text(f"# one\n{text}")
    with pytest.raises(InputError) as caught:
        sshconfig.read(str(tmp_path / "config"))
    assert caught.value.where is not None
    assert caught.value.where.line == 2


def test_a_file_that_was_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        sshconfig.read(str(tmp_path / "config"))
    assert sshconfig.read("none").lines == ()
