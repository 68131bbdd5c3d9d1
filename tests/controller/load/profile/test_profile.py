"""Profiles, table by table: what they become, and what is refused where."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from enve.errors import InputError
from enve.load.profile.merge import given
from enve.load.profile.profiles import Asked, Checked, Profile, Profiles
from enve.load.profile.secret import ByName
from enve.load.secret import Secrets
from enve.load.yaml.file import parse_yaml
from enve_fire.core.url import FOLDER, Url

CASES = Path(__file__).parents[3] / "cases" / "profiles"
SECRETS = b"db: {env: DB}\n"


def table(kind: str) -> list[Any]:
    cases = yaml.safe_load((CASES / f"{kind}.yml").read_text())
    return [pytest.param(case, id=case["name"]) for case in cases]


def lay_out(case: dict[str, Any], folder: Path) -> None:
    own = {"enve.yml": f"enve: 1\ntitle: a\n{case.get('profile', '')}\n"}
    for name, text in case.get("files", own).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    for name, target in case.get("link", {}).items():
        (folder / name).symlink_to(target)
    for name, text in case.get("binary", {}).items():
        (folder / name).write_bytes(text.encode().decode("unicode_escape").encode("latin-1"))
    if "fifo" in case:
        (folder / case["fifo"]).parent.mkdir()
        os.mkfifo(folder / case["fifo"])


def checkout(url: Url, options: Mapping[str, Any]) -> Checked:
    """Folders only, each with a source of its name."""
    assert url.kind == FOLDER
    assert set(options) == {"subdir", "submodules", "strip", "refresh"}
    folder = Path(url.base)
    return Checked(folder, f"tree:{folder.name}", url)


def asked(case: dict[str, Any]) -> Asked:
    config = parse_yaml(case["config"].encode(), "config.yml") if "config" in case else None
    sets = ((name, given(value, f"--set {name}")) for name, value in case.get("set", {}).items())
    return Asked(tuple(case.get("profiles", ())), config=config, sets=tuple(sets))


@pytest.fixture
def profiles(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Profiles:
    monkeypatch.setenv("DB", "geheim")
    monkeypatch.chdir(tmp_path)
    return Profiles(checkout, ByName(Secrets(parse_yaml(SECRETS, "secrets"))))


def load(profiles: Profiles, case: dict[str, Any]) -> Profile:
    lay_out(case, Path())
    return profiles.product(Url(FOLDER, str(Path.cwd())), asked(case))[1]


def here(value: Any) -> Any:
    return yaml.safe_load(yaml.safe_dump(value).replace("$HERE", str(Path.cwd())))


@pytest.mark.parametrize("case", table("good"))
def test_a_good_profile(case: dict[str, Any], profiles: Profiles) -> None:
    found = load(profiles, case).table
    assert found == {"enve": 1, "title": "a", "prefix": "/opt/a", **here(case["table"])}


@pytest.mark.parametrize("case", table("bad"))
def test_a_bad_profile(case: dict[str, Any], profiles: Profiles) -> None:
    with pytest.raises(InputError) as caught:
        load(profiles, case)
    error = caught.value
    root = str(Path.cwd())
    assert case["error"].replace("$HERE", f"file://{root}") in error.message
    where = str(error.where).removeprefix(root + "/")
    assert where == case.get("at", where)
    assert case.get("hint", "") in error.hint
    assert case.get("notes", "") in "\n".join(error.notes)
    assert "geheim" not in "".join((error.message, error.hint, *error.notes))


def test_the_example_of_the_reference_loads() -> None:
    page = CASES.parents[2] / "docs" / "reference" / "profile.md"
    text = page.read_text().split("```yaml\n")[1].split("```")[0]
    named = text.replace('readline#8.2"}', 'readline#8.2", profile: {enve: 1, title: readline}}')

    def fetched(url: Url, options: Mapping[str, Any]) -> Checked:
        return Checked(Path("/nowhere"), "git:1", url)

    loaded = Profiles(fetched).inline(parse_yaml(named.encode(), "enve.yml"), Asked(("debug",)))
    assert loaded.table["build"]["env"] == {"CFLAGS": "-O0 -g"}
    assert loaded.unused == set()


def test_the_example_of_settle_loads() -> None:
    page = CASES.parents[2] / "docs" / "reference" / "settle.md"
    text = "enve: 1\ntitle: a\n" + page.read_text().split("```yaml\n")[1].split("```")[0]
    found = Profiles().inline(parse_yaml(text.encode(), "enve.yml")).table["settle"]
    assert found["volumes"] == [{"path": "data", "mode": 0o700}]
    assert found["network"]["addr"] == ["10.9.0.2/24"]
