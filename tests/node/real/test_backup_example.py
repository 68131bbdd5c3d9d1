"""playbooks/backup as its plan renders, on a real pm; only the night comes every second."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import pytest
from tests.support.box import Box
from tests.support.wait import until

from enve.load.inventory.inventory import load_domain
from enve.load.plan.plan import load_plan, open_plan

PLAN = Path(__file__).parents[3] / "playbooks/backup/plan.yml"


@pytest.mark.real
def test_a_backup_is_made_and_told(tmp_path: Path) -> None:
    source = tmp_path / "what is precious"
    source.mkdir()
    (source / "file").write_text("x")
    plan = open_plan(PLAN)
    domain = load_domain(plan.inventory)
    rendered = load_plan(plan, domain, None, {}, {"what": str(source)}, artifacts=tmp_path)
    lines = [json.loads(text) for text in rendered.nodes["here"].lines.values()]
    for line in lines:
        if "timer" in line:
            line["timer"] = {"unit": line["timer"]["unit"], "do": "start", "every": 1000}
    with Box(tmp_path / "pm") as box:
        box.load(*lines)
        assert box.unit("nightly")["detail"].startswith("next ")
        until(lambda: "last ok" in box.unit("nightly")["detail"], "a backup")
        (made,) = (box.home / "spots/backup").glob("*.tar.gz")
        with tarfile.open(made) as archive:
            assert "./file" in archive.getnames()
