"""Settings: which layer wins, where each came from, and what is wrong with a file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from enve import settings
from enve.errors import InputError, MissingError, UsageError


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A repository with a folder in it, and an XDG config beside it."""
    (tmp_path / "repo/.git").mkdir(parents=True)
    (tmp_path / "repo/deep/er").mkdir(parents=True)
    (tmp_path / "config/enve").mkdir(parents=True)
    return tmp_path


def load(place: Path, *, flags: dict[str, object] | None = None, **env: str) -> settings.Settings:
    base = {"HOME": str(place / "home"), "XDG_CONFIG_HOME": str(place / "config")}
    return settings.load(flags, env={**base, **env}, cwd=place / "repo/deep/er")


def test_each_layer_wins_over_the_next(place: Path) -> None:
    assert (load(place).forks, load(place).origins["forks"]) == (64, "default")
    (place / "config/enve/enve.toml").write_text("forks = 1\nuser = 'x'\n")
    assert load(place).forks == 1
    (place / "repo/enve.toml").write_text("forks = 2\n")
    found = load(place)
    assert (found.forks, found.user) == (2, "x")
    assert found.origins["forks"] == str(place / "repo/enve.toml")
    found = load(place, ENVE_FORKS="3")
    assert (found.forks, found.origins["forks"]) == (3, "ENVE_FORKS")
    found = load(place, flags={"forks": 4, "user": None}, ENVE_FORKS="3")
    assert (found.forks, found.origins["forks"], found.user) == (4, "flag", "x")


def test_the_nearest_file_up_to_the_repositorys_root(place: Path) -> None:
    (place / "enve.toml").write_text("forks = 9\n")  # above the repository: not ours
    assert load(place).forks == 64
    (place / "repo/deep/enve.toml").write_text("forks = 5\n")
    (place / "repo/enve.toml").write_text("forks = 6\n")
    assert load(place).forks == 5


def test_outside_of_a_repository_only_the_folder_itself_counts(place: Path) -> None:
    (place / "repo/.git").rmdir()
    (place / "repo/enve.toml").write_text("forks = 6\n")
    assert load(place).forks == 64


def test_a_file_that_cannot_be_read(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (place / "repo/enve.toml").write_text("forks = 6\n")

    def refused(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refused)
    with pytest.raises(InputError, match="cannot be read: Permission denied") as caught:
        load(place)
    assert str(caught.value.where) == str(place / "repo/enve.toml")


def test_a_current_folder_that_is_gone(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place / "repo/deep/er")
    (place / "repo/deep/er").rmdir()
    with pytest.raises(MissingError, match="the current folder"):
        settings.load({}, env={"HOME": str(place)})


@pytest.mark.parametrize("what", ["repo", "repo/enve.toml"])
def test_what_everybody_may_write_decides_nothing(what: str, place: Path) -> None:
    (place / "repo/enve.toml").write_text("forks = 6\n")
    (place / what).chmod(0o777)
    found = load(place)
    assert found.forks == 64
    assert "is ignored" in found.warnings[0]


@pytest.mark.parametrize("what", ["repo", "repo/enve.toml"])
def test_what_somebody_else_owns_decides_nothing(
    what: str, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever steps into his folder would run what he names."""
    monkeypatch.delenv("SUDO_UID", raising=False)
    (place / "repo/enve.toml").write_text("ssh_config = 'his'\n")
    owner, real = os.geteuid() + 1234, Path.stat

    def stat(path: Path, **more: Any) -> os.stat_result:
        found = list(real(path, **more))
        return os.stat_result([*found[:4], owner, *found[5:]] if path == place / what else found)

    monkeypatch.setattr(Path, "stat", stat)
    found = load(place)
    assert found.ssh_config == ""
    assert f"belongs to uid {owner}" in found.warnings[0]
    if os.geteuid() == 0:
        monkeypatch.setenv("SUDO_UID", str(owner))
        assert load(place).ssh_config == str(place / "repo/his")


def test_paths_in_a_file_start_at_its_folder(place: Path) -> None:
    (place / "repo/enve.toml").write_text(
        "inventory = 'fleet.yml'\nprivate_key = '~/k'\nssh_config = 'none'\nstate_dir = 'state'\n"
    )
    found = load(place)
    assert found.inventory == (str(place / "repo/fleet.yml"),)
    assert found.private_key == str(Path("~/k").expanduser())
    assert found.ssh_config == "none"
    assert found.state_dir == place / "repo/state"


def test_xdg_places(place: Path) -> None:
    assert load(place).state_dir == place / "home/.local/state/enve"
    assert load(place, XDG_STATE_HOME="/s").state_dir == Path("/s/enve")
    assert load(place, XDG_STATE_HOME="relative").state_dir == place / "home/.local/state/enve"
    assert load(place, XDG_CACHE_HOME="/c").cache_dir == Path("/c/enve")
    assert load(place, ENVE_STATE_DIR="/own").own_known_hosts == Path("/own/known_hosts")


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ("forks = 1\nfroks = 2\n", 2, "unknown setting 'froks'"),
        ("\n[nodes]\na = 1\n", 2, "unknown setting 'nodes'"),
        ("timeout = -1\n", 1, "wanted a number of seconds"),
        ("forks = true\n", 1, "wanted a whole number"),
        ("user = 3\n", 1, "wanted a text"),
        ("become = 'maybe'\n", 1, "wanted true or false"),
        ("inventory = [1]\n", 1, "wanted a path"),
        ("forks = \n", 0, "not TOML"),
    ],
)
def test_a_wrong_file_is_told_with_its_line(text: str, line: int, told: str, place: Path) -> None:
    (place / "repo/enve.toml").write_text(text)
    with pytest.raises(InputError, match=told) as caught:
        load(place)
    assert caught.value.where is not None
    assert (caught.value.where.file, caught.value.where.line) == (
        str(place / "repo/enve.toml"),
        line,
    )


def test_a_wrong_variable_is_a_usage_error(place: Path) -> None:
    with pytest.raises(UsageError, match="ENVE_FORKS"):
        load(place, ENVE_FORKS="many")


@pytest.mark.parametrize(("text", "value"), [("yes", True), ("0", False), ("TRUE", True)])
def test_flags_in_variables(text: str, value: bool, place: Path) -> None:
    assert load(place, ENVE_BECOME=text).become is value


def test_lists_in_variables_are_like_path(place: Path) -> None:
    assert load(place, ENVE_INVENTORY="a:b").inventory == ("a", "b")


def test_every_setting_has_a_field_and_a_default() -> None:
    fields = set(settings.Settings.__dataclass_fields__)
    assert set(settings.SETTINGS) | {"origins", "warnings"} == fields
