"""Every worked example of the repository loads, and its plan renders."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from enve.app import building
from enve.load.blueprint.blueprint import load_blueprint
from enve.load.inventory.inventory import load_domain
from enve.load.keyfile import read_key
from enve.load.plan.plan import load_plan, open_plan
from enve.load.profile.profiles import Checked, local
from enve.load.yaml.file import read_yaml
from enve_fire.core.url import FOLDER, Url

ROOT = Path(__file__).parents[3]
PLANS = sorted(ROOT.glob("playbooks/*/plan.yml"))


def example(url: Url, options: Mapping[str, Any]) -> Checked:
    """Folders, and the product of the tutorial, as if it had been committed."""
    if url.kind == FOLDER:
        return local(url, options)
    assert url.text == "git+file:///tmp/greet.git#v1.0"
    return Checked(ROOT / "playbooks/product/greet", "git:" + "1" * 40, url._replace(ref="1" * 40))


@pytest.mark.real
@pytest.mark.parametrize("path", PLANS, ids=lambda path: path.parent.name)
def test_a_plan_and_all_that_it_names(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENVE_STORE", str(tmp_path / "store"))
    plan = open_plan(path)
    domain = load_domain(plan.inventory)
    blueprint = load_blueprint(domain.blueprint, domain, read_key)
    assert not blueprint.notices
    facts = {name: {"home": f"/home/x/{name}"} for name in domain.nodes}
    rendered = load_plan(
        plan,
        domain,
        blueprint,
        facts,
        artifacts=tmp_path,
        checkout=example,
        build=building.here(),
    )
    assert rendered.nodes
    assert not rendered.skipped


def test_there_are_examples() -> None:
    assert {path.parent.name for path in PLANS} >= {"shop", "hello", "product"}


@pytest.mark.parametrize("path", sorted(ROOT.glob("inventory/*.yml")), ids=lambda path: path.name)
def test_an_inventory(path: Path) -> None:
    assert load_domain([path]).nodes


@pytest.mark.parametrize(
    "path", sorted(ROOT.glob("playbooks/**/*.yml")), ids=lambda path: path.name
)
def test_a_file_is_yaml(path: Path) -> None:
    assert read_yaml(path).is_table
