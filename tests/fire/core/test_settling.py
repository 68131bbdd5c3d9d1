"""From what a profile says under `settle` to lines of pm."""

from __future__ import annotations

import subprocess
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from enve_fire.core.settle import settling, shape
from enve_pm.core import room
from enve_pm.core.fieldcheck import Bad
from enve_pm.core.unit import UnitSpec

SPOTS = "/var/pm/spots"
BLOB = {"kind": "tar", "sha256": "a" * 64, "size": 7}
WHOLE: dict[str, Any] = {
    "path": "root",
    "from": "tar:https://example.org/root.tar.xz",
    "users": [{"name": "app", "uid": 900, "home": "/srv"}, {"name": "log", "uid": 901, "gid": 4}],
    "mounts": [
        {"type": "bind", "src": "data", "dst": "/srv", "ro": False},
        {"type": "bind", "src": "/etc/ssl", "dst": "/etc/ssl", "ro": True},
        {"type": "tmpfs", "dst": "/var/cache", "size": 65536, "mode": 0o700},
    ],
    "volumes": [{"path": "data", "mode": 0o700, "user": "app"}],
    "network": {"netns": "shop", "addr": "10.9.0.2/24", "bridge": "br0", "gateway": "10.9.0.1"},
    "isolate": "jail",
}
FROM = [
    {},
    {"from": "none"},
    {"mounts": [{"type": "bind", "src": "/usr", "dst": "/usr", "ro": True}]},
    {"from": "snapshot:/srv/base"},
    {"from": {"debootstrap": {"suite": "stable", "include": ["ca-certificates"]}}},
    WHOLE,
]


def _specs(section: dict[str, Any]) -> list[UnitSpec]:
    shape.check(section)
    archive = BLOB if settling.is_archive(section) else None
    return [UnitSpec.parse(line) for line in settling.lines(section, "web", SPOTS, archive)]


@pytest.mark.parametrize("section", FROM)
def test_lines_are_units_of_pm_and_go_together(section: dict[str, Any]) -> None:
    specs = _specs(section)
    run = {"v": 1, "name": "web", "kind": "process", "command": ["sleep", "1"]}
    run.update(settling.inside(section, "web"))
    units = {spec.unit: spec for spec in [*specs, UnitSpec.parse(run)]}
    assert not list(room.misplaced(units))
    for spec in units.values():
        assert set(spec.needs) <= set(units)


def test_the_order_is_that_of_the_memo() -> None:
    specs = _specs(WHOLE)
    kinds = [spec.kind for spec in specs]
    assert kinds == ["volume", "subroot", *["resource"] * 2, *["mount"] * 3, "network"]
    for before, spec in pairwise(specs):
        assert before.unit in spec.needs
    assert [spec.unit for spec in specs][:2] == ["volume-data!settle@web", "root!settle@web"]
    assert specs[0].body["path"] == SPOTS + "/volume-data!settle@web/data"
    assert specs[1].product == BLOB
    assert specs[4].body["at"] == "[root!settle@web]:/srv"
    assert specs[4].body["from"] == SPOTS + "/volume-data!settle@web/data"


def test_data_stays_where_it_is_whatever_else_the_section_says() -> None:
    def places(*paths: str, data: str = "", **keys: Any) -> list[str]:
        section = {"volumes": [{"path": path, **keys} for path in paths]}
        lines = settling.lines(shape.check(section), "web", SPOTS, data=data)
        return [line["volume"]["path"] for line in lines if "volume" in line][: len(paths)]

    assert places("b", "a")[1:] == places("a") == [SPOTS + "/volume-a!settle@web/a"]
    odd = places("a/b", "a b", "a" * 200, "/srv/a")
    assert len({path.rpartition("!settle")[0] for path in odd[:3]}) == 3
    assert odd[3] == "/srv/a"
    assert places("a", "/srv/a", data="/data") == ["/data/a", "/srv/a"]
    assert places("a", data="/data", ephemeral=True) == places("a")


def test_what_runs_in_it_is_told_so() -> None:
    keys = settling.inside(WHOLE, "web")
    assert keys["root"] == "root!settle@web"
    assert keys["net"] == "network!settle@web"
    assert keys["namespaces"] == ["ipc", "pid", "uts"]
    assert settling.inside({"isolate": "none"}, "web").keys() == {"needs"}
    line = settling.shown("web", SPOTS + "/web/lua-5/opt/lua", "/opt/lua")
    assert UnitSpec.parse(line).body["at"] == "[root!settle@web]:/opt/lua"


@pytest.mark.parametrize(
    ("section", "wanted"),
    [
        ({"mounts": [{"type": "loop", "src": "/a", "dst": "/b"}]}, "bind or tmpfs"),
        ({"mounts": [{"type": "bind", "dst": "/b"}]}, "the key src"),
        ({"mounts": [{"type": "bind", "src": "/a", "dst": "b"}]}, "an absolute path"),
        ({"mounts": [{"type": "tmpfs", "dst": "/b"}, {"type": "tmpfs", "dst": "/b"}]}, "each dst"),
        ({"mounts": [{"type": "bind", "src": "../x", "dst": "/b"}]}, "without empty steps"),
        ({"from": "ftp://x"}, "none, tar:URL"),
        ({"from": "snapshot:base"}, "an absolute path"),
        ({"from": {"debootstrap": {}}}, "the key suite"),
        ({"from": {"debootstrap": {"suite": "-x"}}}, "a word of letters"),
        ({"from": {"debootstrap": {"suite": "s", "mirror": "ssh://x"}}}, "a url"),
        ({"users": [{"name": "A:B", "uid": 1}]}, "a user's name"),
        ({"users": [{"name": "-a", "uid": 1}]}, "a user's name"),
        ({"users": [{"name": "a", "uid": 0}]}, "an integer from 1"),
        ({"users": [{"name": "a", "uid": 1, "home": "/a:b"}]}, "a path without :"),
        ({"users": [{"name": "a", "uid": 1, "home": "/a\nroot"}]}, "a path without"),
        ({"network": {"netns": "a b"}}, "a name of 1 to 64"),
        ({"network": {"netns": "a", "addr": "10.0.0.1/24"}}, "bridge or outer"),
        ({"network": {"netns": "a"}, "isolate": "none"}, "chroot or jail"),
        ({"isolate": "vm"}, "one of none chroot jail"),
        ({"volumes": [{"path": "a"}, {"path": "a"}]}, "each path once"),
        ({"color": 1}, "only path from"),
        ({"volumes": [{"path": str(n)} for n in range(65)]}, "at most 64"),
    ],
)
def test_what_it_may_not_say(section: dict[str, Any], wanted: str) -> None:
    with pytest.raises(Bad) as bad:
        shape.check(section)
    assert wanted in bad.value.args[0]


def test_users_are_added_once_and_none_is_made_another(tmp_path: Path) -> None:
    """The very commands, where a chroot would be."""
    (tmp_path / "passwd").write_text("root:x:0:0::/:/bin/sh\nold:x:1:1::/:/bin/sh\n")
    (tmp_path / "group").write_text("root:x:0:\n")

    def run(line: dict[str, Any], step: str) -> int:
        words = [word.replace("/etc", str(tmp_path)) for word in line[step]]
        return subprocess.run(words, check=False, stdout=subprocess.DEVNULL).returncode

    section = {"users": [{"name": "app", "uid": 900}, {"name": "old", "uid": 7}]}
    lines = settling.lines(section, "web", SPOTS)
    app, old = (line for line in lines if line["kind"] == "resource")
    assert run(app, "check")
    assert [run(app, "make"), run(app, "check"), run(app, "make")] == [0, 0, 0]
    row = f"app:x:900:900::/:{shape.NO_SHELL}\n"
    assert (tmp_path / "passwd").read_text().count(row) == 1
    assert (tmp_path / "group").read_text() == "root:x:0:\napp:x:900:\n"
    assert run(old, "make")
    assert "old:x:7" not in (tmp_path / "passwd").read_text()
