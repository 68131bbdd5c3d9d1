"""playbooks/shared as its plan renders, on a real root's pm: a folder of one root in another."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.box import Box
from tests.support.rooms import OWN, mounted
from tests.support.wait import until

from enve.load.inventory.inventory import load_domain
from enve.load.plan.plan import load_plan, open_plan

pytestmark = [pytest.mark.real, pytest.mark.host]
PLAN = Path(__file__).parents[3] / "playbooks/shared/plan.yml"


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    for folder in (tmp_path, tmp_path.parent, tmp_path.parent.parent):
        folder.chmod(0o755)
    with Box(tmp_path, around=OWN) as box:
        box.home.chmod(0o711)
        yield box


def lines(home: Path) -> list[dict[str, Any]]:
    """All of its units, in another HOME."""
    plan = open_plan(PLAN)
    rendered = load_plan(plan, load_domain(plan.inventory), None, {}, {}, artifacts=PLAN.parent)
    texts = rendered.nodes["here"].lines.values()
    return [json.loads(text.replace("/var/opt/pm", str(home))) for text in texts]


def test_one_reads_what_the_other_writes(box: Box) -> None:
    box.load(*lines(box.home))
    assert {unit["state"] for unit in box.listing().values()} == {"RUNNING"}
    until(lambda: "good news" in box.pm("logs", "reader").stdout, "the news")
    done = box.pm("enter", "reader", "--", "sh", "-c", "cat /srv/today; >/srv/today")
    assert done.stdout == "good news\n"
    assert "Read-only" in done.stderr
    box.load()
    until(lambda: not mounted(box), "all to be unmounted")
