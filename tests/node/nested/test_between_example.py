"""playbooks/between as its plan and its blueprint say, on a real root's pm."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.support.box import Box
from tests.support.rooms import mounted
from tests.support.wait import until

from enve.core.layout import as_pm
from enve.load.blueprint.blueprint import load_blueprint
from enve.load.inventory.inventory import load_domain
from enve.load.keyfile import read_key
from enve.load.plan.plan import load_plan, open_plan
from enve_pm.core import pmlines

pytestmark = [pytest.mark.real, pytest.mark.host]
PLAN = Path(__file__).parents[3] / "playbooks/between/plan.yml"


def lines() -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Of the plan, and of the pms that its blueprint lays out."""
    plan = open_plan(PLAN)
    domain = load_domain(plan.inventory)
    blueprint = load_blueprint(domain.blueprint, domain, read_key)
    rendered = load_plan(plan, domain, blueprint, {}, {}, artifacts=PLAN.parent)
    pms = pmlines.lines(as_pm(blueprint.nodes["here"].tree))
    texts = rendered.nodes["here"].lines.values()
    return [json.loads(text) for text in texts], [line for _, line in pms]


def test_a_pm_reads_what_another_writes(box: Box) -> None:
    plan, pms = lines()
    box.load(*plan, *pms)
    until(lambda: "good news" in box.pm("logs", "kiosk.reader").stdout, "the news")
    assert {unit["state"] for unit in box.listing().values()} == {"RUNNING"}
    box.load(*pms, status=3)
    until(lambda: not mounted(box), "all to be unmounted")
    assert box.unit("kiosk")["result"] in {"missing:news", "missing:kiosk-root"}
