"""Bad input, table by table: each file set gives one error with its words and its place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from enve.errors import InputError, Where
from enve.load.blueprint.blueprint import load_blueprint
from enve.load.inventory.inventory import load_domain
from enve.load.keyfile import PublicKey
from enve.load.plan.plan import load_plan
from enve.load.template import effort

CASES = Path(__file__).parents[2] / "cases" / "bad"


def table(kind: str) -> list[Any]:
    cases = yaml.safe_load((CASES / f"{kind}.yml").read_text())
    return [pytest.param(case, id=f"{kind}: {case['name']}") for case in cases]


def lay_out(case: dict[str, Any], folder: Path) -> None:
    for name, text in case.get("files", {}).items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        nest = "[" * 100 + "]" * 100
        file.write_text(text.replace("$DEEP", "[" * 1100).replace("$NEST", nest))
    if "spots" in case:
        (folder / "p.yml").write_text(f"plan: p\nspots:\n{case['spots']}\n")
    for name, target in case.get("link", {}).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).symlink_to(target)
    for name, text in case.get("binary", {}).items():
        (folder / name).write_bytes(text.encode().decode("unicode_escape").encode("latin-1"))


def expect(case: dict[str, Any], error: InputError) -> None:
    assert case["error"] in error.message
    assert error.exit_code == 65
    assert error.where is not None
    if "at" in case:
        assert str(error.where) == case["at"]
    assert case.get("hint", "") in error.hint
    assert case.get("note", "") in "".join(error.notes)
    assert case.get("notes", "") in "\n".join(error.notes)
    assert "\n" not in error.message + error.hint


@pytest.mark.parametrize("case", [*table("yaml"), *table("inventory")])
def test_a_bad_inventory(
    case: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    lay_out(case, tmp_path)
    with pytest.raises(InputError) as caught:
        load_domain([Path("i.yml")])
    expect(case, caught.value)


INVENTORY = """
domain: shop.example
nodes:
  web[01:02]: {groups: [web], become: true}
  db1: {host: 10.0.2.1}
  lap: {connection: local}
"""

BLUEPRINT = """
nodes:
  web*:
    spots: {edge: {user: www-data, kinds: process, rlimits: {nofile: 1K}}}
    pms: {tenants: {user: tenants, needs: edge, spots: {shop: {}, blog: {}}}}
  lap: {spots: {a: {}, base: {}, c: {}, d.b: {}}}
"""


def fake_key(path: Path) -> PublicKey:
    if not path.is_file():
        raise InputError(f"cannot read {path}", where=Where(str(path)))
    return PublicKey("0123456789ABCDEF0123456789ABCDEF01234567", path.read_bytes())


@pytest.mark.parametrize("case", table("blueprint"))
def test_a_bad_blueprint(
    case: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    lay_out(case, tmp_path)
    (tmp_path / "inventory.yml").write_text(INVENTORY)
    with pytest.raises(InputError) as caught:
        load_blueprint("b.yml", load_domain(["inventory.yml"]), fake_key)
    expect(case, caught.value)


@pytest.mark.parametrize("case", [*table("plan"), *table("template")])
def test_a_bad_plan(case: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(effort, "SECONDS", 0.5)
    monkeypatch.setattr(effort, "MEMORY", 64 << 20)
    lay_out(case, tmp_path)
    (tmp_path / "inventory.yml").write_text(INVENTORY)
    (tmp_path / "blueprint.yml").write_text(BLUEPRINT)
    domain = load_domain(["inventory.yml"])
    blueprint = load_blueprint("blueprint.yml", domain, fake_key)
    known = blueprint if case.get("blueprint", True) else None
    with pytest.raises(InputError) as caught:
        load_plan("p.yml", domain, known, artifacts=tmp_path / "artifacts")
    expect(case, caught.value)
