"""A root of a spot on a node: its parts are the spot's, below its ceiling, made by a real pm."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.node.trust import forge
from tests.support.box import Box, line
from tests.support.rooms import OWN, mounted
from tests.support.wait import until

from enve_fire.core.settle import settling
from enve_pm.core import ceiling, stages
from enve_pm.core.refusal import FormatError, Refused
from enve_pm.core.unit import UnitError, UnitSpec
from enve_pm.wire import canonical, record

HOME = "/home/pm"
KINDS = ["process", "volume", "subroot", "mount", "resource"]
SECTION: dict[str, Any] = {
    "users": [{"name": "app", "uid": 4711}],
    "mounts": [
        {"type": "bind", "src": "/usr", "dst": "/usr", "ro": True},
        {"type": "bind", "src": "data", "dst": "/srv"},
        {"type": "tmpfs", "dst": "/var/cache"},
    ],
    "volumes": [{"path": "data"}],
}


def _tree(**spots: Any) -> Any:
    value = forge.blueprint([], spots=spots, pms={})
    return record.parse_blueprint(canonical.dumps(value), True).tree


def test_a_part_is_its_spots_and_below_its_ceiling() -> None:
    root = {"user": "root", "kinds": KINDS, "reads": ["/usr", "/opt"]}
    for one in settling.lines(SECTION, "web", HOME + "/spots"):
        spec = UnitSpec.parse(one)
        assert stages.owner((spec.unit,)) == ("web",)
        ceiling.check(spec, _tree(web=root), HOME)
        with pytest.raises(Refused, match="no spot web"):
            ceiling.check(spec, _tree(db=root), HOME)
        fewer = {**root, "kinds": [kind for kind in KINDS if kind != spec.kind]}
        with pytest.raises(Refused, match=f"kind {spec.kind} is above"):
            ceiling.check(spec, _tree(web=fewer), HOME)
    shown = settling.shown("web", HOME + "/spots/web/lua-5/opt/lua", "/opt/lua")
    ceiling.check(UnitSpec.parse(shown), _tree(web=root), HOME)


@pytest.mark.parametrize(
    "body",
    [
        {"type": "bind", "from": HOME + "/spots/db/x", "at": "x"},
        {"type": "tmpfs", "at": "[root!settle@db]:/x"},
        {"type": "tmpfs", "at": HOME + "/spots/root!settle@db/x"},
    ],
)
def test_a_part_reaches_no_other_spot(body: dict[str, Any]) -> None:
    root = {"user": "root", "kinds": KINDS}
    needs = ["root!settle@db", "root!settle@web"]
    name = "[mount-1!settle@web]"
    spec = UnitSpec.parse({"v": 1, "name": name, "kind": "mount", "mount": body, "needs": needs})
    with pytest.raises(Refused, match="is above its"):
        ceiling.check(spec, _tree(web=root, db=root), HOME)


def test_nothing_else_is_called_so() -> None:
    with pytest.raises(UnitError, match="only a part of a root"):
        UnitSpec.parse(line("[root!settle@web]"))
    with pytest.raises(FormatError, match="what a stage of another spot is called"):
        _tree(**{"root!settle@web": {"user": "root"}})


@pytest.mark.real
@pytest.mark.host
def test_pm_makes_it_in_order_and_takes_it_away(tmp_path: Path) -> None:
    with Box(tmp_path, around=OWN) as box:
        spots = f"{box.home}/spots"
        lines = settling.lines(SECTION, "web", spots)
        software = tmp_path / "software"
        software.mkdir()
        (software / "hello").write_text("hello\n")
        lines.append(settling.shown("web", str(software), "/opt/app"))
        keys = settling.inside(SECTION, "web")
        script = "cat /opt/app/hello; grep app /etc/passwd; echo kept > /srv/file; exec sleep 1000"
        run = line("web", command=["/bin/sh", "-c", script], **keys)
        run["needs"] = [*run["needs"], "software!settle@web"]
        box.load(*lines, run)
        until(lambda: "app:x:4711" in box.pm("logs", "web").stdout, "it to have printed")
        assert "hello" in box.pm("logs", "web").stdout
        assert (Path(spots) / "volume-data!settle@web/data/file").read_text() == "kept\n"
        box.load()
        until(lambda: mounted(box) == [], "all mounts to go")
        assert (Path(spots) / "volume-data!settle@web/data/file").read_text() == "kept\n"
