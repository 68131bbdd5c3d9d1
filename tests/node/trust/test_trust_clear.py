"""Clearing: what was placed for a unit that is gone goes, its own files stay."""

from __future__ import annotations

import os
import pwd
import subprocess
from pathlib import Path

import pytest
from tests.node.trust.test_trust_place import Node
from tests.node.trust.test_trust_unpack import archive, member
from tests.support.child import branch

from enve_pm.core.filename import quote

ROOT = os.geteuid() == 0


@pytest.fixture
def node(tmp_path: Path) -> Node:
    made = Node(tmp_path)
    for side in ("sub", "feed"):
        (tmp_path / side).mkdir()
    return made


def clear(node: Node, *names: str) -> dict[str, str]:
    rows = "".join(f"gone {quote(name)}\n" for name in names).encode()
    done = branch("place", str(node.home), rows=rows)
    assert done.stderr == b""
    return dict(row.split(" ", 1) for row in done.stdout.decode().splitlines())


def spots(node: Node) -> list[str]:
    return sorted(path.name for path in (node.home / "spots").iterdir())


def test_an_untouched_spot_goes_whole(node: Node) -> None:
    product = archive(member("bin/run", content=b"x"))
    node.place(node.line("web", {"a": b"1", "etc/b": b"2"}, product), node.line("db", {"c": b"3"}))
    assert clear(node, "web", "never-there") == {"web": "ok", "never-there": "ok"}
    assert spots(node) == ["db"]


def test_what_the_unit_wrote_stays(node: Node) -> None:
    node.place(node.line("web", {"a": b"1", "etc/b": b"2"}))
    for name in ("data", "etc/own"):
        (node.home / "spots/web" / name).write_text("mine")
    assert clear(node, "web") == {"web": "ok"}
    assert node.tree("web") == {"data": "mine", "etc/own": "mine"}
    assert not (node.home / "spots/web/.placed").exists()
    assert clear(node, "web") == {"web": "ok"}


def test_names_with_signs_are_cleared(node: Node) -> None:
    node.place(node.line("[a!run@b]", {"a": b"1"}))
    assert clear(node, "a!run@b") == {"a!run@b": "ok"}
    assert spots(node) == []


@pytest.mark.parametrize("row", [b"gone ..\n", b"gone ../x\n", b"gone %zz\n", b"gone \xff\n"])
def test_a_name_that_is_none_is_refused(row: bytes, node: Node) -> None:
    done = branch("place", str(node.home), rows=row)
    assert done.stdout.startswith(b"- the row is broken")


TRAPS = ["a", "etc", "product", ".product.new", ".product.old", ".placed"]


@pytest.mark.parametrize("trap", TRAPS)
def test_a_link_in_a_spot_that_goes_leads_nowhere(trap: str, node: Node) -> None:
    beside = node.home / "beside"
    (beside / "b").mkdir(parents=True)
    for name in ("a", "b/file", ".placed"):
        (beside / name).write_text("untouched")
    node.place(node.line("web", {"a": b"1", "etc/b": b"2"}, archive(member("run", content=b"x"))))
    spot = node.home / "spots" / "web"
    subprocess.run(["rm", "-rf", str(spot / trap)], check=True)
    (spot / trap).symlink_to(beside)
    clear(node, "web")
    assert sorted(path.name for path in beside.rglob("*")) == [".placed", "a", "b", "file"]


def test_a_spot_that_is_a_link_is_left_alone(node: Node) -> None:
    beside = node.home / "beside"
    beside.mkdir()
    (beside / ".placed").write_text('{"files":["a"],"product":""}')
    (beside / "a").write_text("untouched")
    (node.home / "spots" / "web").symlink_to(beside)
    assert clear(node, "web") == {"web": "ok"}
    assert (beside / "a").read_text() == "untouched"


def sub_pm(home: Path, name: str) -> Path:
    """What a sub-pm and its parent leave on disk; the sub-pm's HOME."""
    inner = home / "spots" / name
    for folder in ("units/web", "jobs", "store", "spots/web", "log", "public/sub", "sub", "feed"):
        (inner / folder).mkdir(parents=True, exist_ok=True)
    for side in ("sub", "feed"):
        (home / side / name).mkdir()
        (home / side / name / "input").write_text("x")
    (inner / "wants").write_text("{}")
    (inner / "units/web/parameter").write_text("{}")
    (inner / "spots/web/conf").write_text("placed")
    (inner / "spots/web/.placed").write_text('{"files":["conf"],"product":""}')
    return inner


def test_a_sub_pm_goes_with_its_books(node: Node) -> None:
    inner = sub_pm(node.home, "pm1")
    sub_pm(inner, "pm2")
    assert clear(node, "pm1") == {"pm1": "ok"}
    assert spots(node) == []
    assert list((node.home / "sub").iterdir()) == list((node.home / "feed").iterdir()) == []


def test_what_units_of_a_sub_pm_wrote_and_printed_stays(node: Node) -> None:
    inner = sub_pm(node.home, "pm1")
    deeper = sub_pm(inner, "pm2")
    (deeper / "spots/web/data").write_text("mine")
    (inner / "log/web.log").write_text("said")
    assert clear(node, "pm1") == {"pm1": "ok"}
    left = {str(path.relative_to(inner)) for path in inner.rglob("*") if path.is_file()}
    assert left == {"spots/pm2/spots/web/data", "log/web.log"}


def test_links_in_a_sub_pms_home_lead_nowhere(node: Node) -> None:
    beside = node.home / "beside"
    (beside / "web").mkdir(parents=True)
    (beside / "web/a").write_text("untouched")
    inner = sub_pm(node.home, "pm1")
    for name in ("units", "spots", "store", "sub", "public"):
        subprocess.run(["rm", "-rf", str(inner / name)], check=True)
        (inner / name).symlink_to(beside)
    clear(node, "pm1")
    assert (beside / "web/a").read_text() == "untouched"
    assert not (node.home / "sub/pm1").exists()


def test_a_spot_goes_however_deep_it_is(node: Node) -> None:
    node.place(node.line("web", product=archive(member("run", content=b"x"))))
    code = "import os\nos.chdir('product')\nfor i in range(3000): os.mkdir('d'); os.chdir('d')"
    spot = node.home / "spots" / "web"
    subprocess.run(["python3", "-c", code], cwd=spot, check=True)
    assert clear(node, "web", "other") == {"web": "ok", "other": "ok"}
    assert not (spot / "product").exists()


if ROOT:

    def test_with_the_rights_of_the_owner_only(node: Node) -> None:
        for path in (node.home, node.home / "spots"):
            path.chmod(0o711)
        node.place(node.line("web", {"a": b"1", "etc/b": b"2"}, user="nobody"))
        spot = node.home / "spots" / "web"
        assert spot.stat().st_uid == pwd.getpwnam("nobody").pw_uid
        os.chown(spot / "etc", 0, 0)  # nobody may not write there
        assert clear(node, "web") == {"web": "ok"}
        assert node.tree("web") == {"etc/b": "2"}
        os.chown(spot / "etc", spot.stat().st_uid, -1)
        (spot / ".placed").write_text('{"files":["etc/b"],"product":""}')
        assert clear(node, "web") == {"web": "ok"}
        assert spots(node) == []
