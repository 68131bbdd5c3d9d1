"""Placing: a spot's directory becomes what its line says, with the rights of the spot's user."""

from __future__ import annotations

import os
import pwd
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

import pytest
from tests.node.trust.test_trust_unpack import archive, member
from tests.support.child import branch

from enve_pm.core.unit import UnitSpec
from enve_pm.shell.product.place import Placing
from enve_pm.wire import canonical

ROOT = os.geteuid() == 0


class Node:
    def __init__(self, home: Path) -> None:
        self.home = home
        for folder in ("spots", "store"):
            (home / folder).mkdir()

    def blob(self, data: bytes) -> str:
        name = sha256(data).hexdigest()
        (self.home / "store" / name).write_bytes(data)
        return name

    def line(
        self, name: str, files: Mapping[str, bytes] = {}, product: bytes = b"", **more: object
    ) -> dict[str, object]:
        line: dict[str, object] = {"v": 1, "name": name, "command": ["x"], **more}
        if files:
            line["files"] = {
                path: {"sha256": self.blob(data), "size": len(data), "mode": 0o640}
                for path, data in files.items()
            }
        if product:
            line["product"] = {"kind": "tar", "sha256": self.blob(product), "size": len(product)}
        return line

    def place(self, *lines: Mapping[str, object]) -> dict[str, str]:
        rows = b"".join(canonical.dumps(dict(line)) + b"\n" for line in lines)
        done = branch("place", str(self.home), rows=rows)
        assert done.stderr == b""
        return dict(row.split(" ", 1) for row in done.stdout.decode().splitlines())

    def tree(self, name: str) -> dict[str, str]:
        root = self.home / "spots" / name
        return {
            str(path.relative_to(root)): path.read_text()
            for path in sorted(root.rglob("*"))
            if path.is_file() and path.name != ".placed"
        }


@pytest.fixture
def node(tmp_path: Path) -> Node:
    return Node(tmp_path)


def test_files_and_product(node: Node) -> None:
    old = archive(member("bin/run", content=b"old"), member("only", content=b"old"))
    new = archive(member("bin/run", content=b"new"))
    first = node.line("web", {"a": b"1", "etc/b": b"2"}, old)
    assert node.place(first, node.line("db", {"c": b"3"})) == {"web": "ok", "db": "ok"}
    assert node.tree("web") == {
        "a": "1",
        "etc/b": "2",
        "product/bin/run": "old",
        "product/only": "old",
    }
    assert (node.home / "spots/web/a").stat().st_mode & 0o7777 == 0o640
    second = node.line("web", {"a": b"changed", "product/conf": b"laid over"}, new)
    assert node.place(second) == {"web": "ok"}
    assert node.tree("web") == {
        "a": "changed",
        "product/bin/run": "new",
        "product/conf": "laid over",
    }
    assert not (node.home / "spots/web/etc").exists()
    assert node.place(node.line("web")) == {"web": "ok"}
    assert node.tree("web") == {}
    assert node.tree("db") == {"c": "3"}


def test_what_is_the_same_is_not_touched(node: Node) -> None:
    line = node.line("web", {"a": b"1"}, archive(member("run", content=b"x")))
    node.place(line)
    paths = [node.home / "spots/web" / name for name in ("a", "product", "product/run")]
    before = [path.stat() for path in paths]
    node.place(line)
    assert [(s.st_ino, s.st_mtime_ns) for s in before] == [
        (path.stat().st_ino, path.stat().st_mtime_ns) for path in paths
    ]
    (node.home / "spots/web/a").write_text("by hand")
    (node.home / "spots/web/data").write_text("what the service wrote")
    node.place(line)
    assert node.tree("web") == {"a": "1", "product/run": "x", "data": "what the service wrote"}


def test_one_that_fails_leaves_the_others(node: Node) -> None:
    bad = node.line("bad", product=b"no archive")
    gone = node.line("gone", {"a": b"x"})
    (node.home / "store" / sha256(b"x").hexdigest()).unlink()
    answers = node.place(bad, node.line("web", {"a": b"1"}), gone)
    assert answers["web"] == "ok"
    assert "archive" in answers["bad"]
    assert "No such file" in answers["gone"]
    assert node.tree("bad") == {}
    assert [path.name for path in (node.home / "spots/bad").iterdir()] == []
    rows = b"no json\n" + canonical.dumps({"v": 1}) + b"\n"
    done = branch("place", str(node.home), rows=rows)
    assert [row.split(b":")[0] for row in done.stdout.splitlines()] == [b"- the line is broken"] * 2


def test_an_old_product_stays_when_the_new_one_is_unfit(node: Node) -> None:
    node.place(node.line("web", product=archive(member("run", content=b"old"))))
    unfit = archive(member("run", content=b"new"), member("../x", content=b"evil"))
    assert "outside" in node.place(node.line("web", product=unfit))["web"]
    assert node.tree("web") == {"product/run": "old"}


def test_a_placing_that_was_cut_off_is_finished(node: Node) -> None:
    node.place(node.line("web", product=archive(member("run", content=b"old"))))
    spot = node.home / "spots" / "web"
    (spot / "product").rename(spot / ".product.old")
    (spot / ".product.new").mkdir()
    (spot / ".product.new" / "half").write_text("x")
    (spot / ".a.new").write_text("half")
    new = node.line("web", {"a": b"1"}, archive(member("run", content=b"new")))
    assert node.place(new) == {"web": "ok"}
    assert node.tree("web") == {"a": "1", "product/run": "new"}


def lacking(node: Node, *found: bytes, last: bytes, product: bytes = b"") -> dict[str, object]:
    """A line of files of which the last one's blob is missing."""
    files = {f"file{number}": data for number, data in enumerate((*found, last))}
    line = node.line("web", files, product)
    (node.home / "store" / sha256(last).hexdigest()).unlink()
    return line


def test_what_a_placing_laid_down_before_it_failed_is_known(node: Node) -> None:
    assert "No such file" in node.place(lacking(node, b"there", last=b"missing"))["web"]
    assert node.tree("web") == {"file0": "there"}
    assert node.place(node.line("web", {"other": b"1"})) == {"web": "ok"}
    assert node.tree("web") == {"other": "1"}


def test_the_product_before_comes_back_after_a_placing_that_failed(node: Node) -> None:
    """The new one stands there already when a file beside it fails."""
    old = node.line("web", product=archive(member("run", content=b"old")))
    new = archive(member("run", content=b"new"))
    assert node.place(old) == {"web": "ok"}
    assert "No such file" in node.place(lacking(node, last=b"missing", product=new))["web"]
    assert node.place(old) == {"web": "ok"}
    assert node.tree("web") == {"product/run": "old"}
    assert "No such file" in node.place(lacking(node, last=b"missing", product=new))["web"]
    assert node.place(node.line("web")) == {"web": "ok"}
    assert node.tree("web") == {}


def test_names_with_signs(node: Node) -> None:
    assert node.place(node.line("[lua-5.4!x@web]", {"a": b"1"})) == {"lua-5.4!x@web": "ok"}
    assert node.tree("lua-5.4!x@web") == {"a": "1"}
    assert node.place(node.line("tenants.[..a]", {"a": b"1"})) == {"..a": "ok"}
    assert node.tree("%2E.a") == {"a": "1"}


TRAPS = ["a", "etc", ".a.new", "product", ".product.new", ".product.old", ".placed", ".placed.new"]


@pytest.mark.parametrize("trap", TRAPS)
def test_a_link_in_the_spot_leads_nowhere(trap: str, node: Node) -> None:
    beside = node.home / "beside"
    beside.mkdir()
    (beside / "a").write_text("untouched")
    spot = node.home / "spots" / "web"
    spot.mkdir()
    (spot / trap).symlink_to(beside)
    node.place(node.line("web", {"a": b"1", "etc/b": b"2"}, archive(member("a", content=b"p"))))
    node.place(node.line("web"))
    assert [path.name for path in beside.iterdir()] == ["a"]
    assert (beside / "a").read_text() == "untouched"


@pytest.mark.parametrize(
    "content", [b"", b"{", b'{"files":["../../beside/a"],"product":""}', b"x" * (2 << 20)]
)
def test_a_forged_record_removes_nothing_else(content: bytes, node: Node) -> None:
    beside = node.home / "spots" / "beside"
    beside.mkdir()
    (beside / "a").write_text("untouched")
    spot = node.home / "spots" / "web"
    spot.mkdir()
    (spot / ".placed").write_bytes(content)
    assert node.place(node.line("web", {"x": b"1"})) == {"web": "ok"}
    assert (beside / "a").read_text() == "untouched"


def tarfile_sym() -> bytes:
    import tarfile

    return tarfile.SYMTYPE


if ROOT:  # only root gives files away

    def test_everything_is_the_users(node: Node) -> None:
        for path in (node.home, node.home / "spots"):
            path.chmod(0o711)
        product = archive(
            member("bin/run", content=b"x", mode=0o755), member("l", tarfile_sym(), "bin")
        )
        line = node.line("web", {"a": b"1", "etc/b": b"2"}, product, user="nobody")
        assert node.place(line) == {"web": "ok"}
        uid = pwd.getpwnam("nobody").pw_uid
        spot = node.home / "spots" / "web"
        assert {path.lstat().st_uid for path in (spot, *spot.rglob("*"))} == {uid}
        assert spot.stat().st_mode & 0o777 == 0o700
        assert "does not exist" in node.place(node.line("web", user="nobody-at-all"))["web"]

    def test_with_the_users_rights_only(node: Node) -> None:
        """A folder that he may not write stays as it is, though root could."""
        closed = node.home / "spots" / "web"
        closed.mkdir(mode=0o711)
        (closed / "etc").mkdir(mode=0o700)
        (closed / "etc" / "root").write_text("root's")
        answer = node.place(node.line("web", {"etc/a": b"1"}, user="nobody"))["web"]
        assert "denied" in answer
        assert node.tree("web") == {"etc/root": "root's"}
        assert (os.geteuid(), os.getegid()) == (0, 0)

    def test_rights_come_back(node: Node) -> None:
        spec = UnitSpec.parse(node.line("web", {"a": b"1"}, user="nobody", group="daemon"))
        groups = os.getgroups()
        Placing(str(node.home), spec).run()
        assert (os.geteuid(), os.getegid(), os.getgroups()) == (0, 0, groups)
        assert (node.home / "spots/web/a").stat().st_gid == 1
