"""What a product runs with, installed along with it into the root that it is seen in."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from tests.fire.unit.test_unit_steps import Node
from tests.support.fetching import Repo

ALONG = {"along": True}


@pytest.fixture
def node(tmp_path: Path) -> Node:
    """Its tool runs with a library, and that with another."""
    found = Node(tmp_path)
    inner = _dep(tmp_path, "inner")
    found.table["deps"] = {"run": [_dep(tmp_path, "lib", deps={"run": [inner]})]}
    return found


def _dep(folder: Path, title: str, **more: Any) -> dict[str, Any]:
    repo = Repo(folder / title)
    commit = repo.commit(bin__say=f"echo {title}\n")
    prefix = f"/opt/{title}"
    table = {"enve": 1, "title": title, "version": "7", "prefix": prefix, **more}
    source = "git:" + repo.git("rev-parse", "HEAD^{tree}")
    return {"url": f"{repo.url}#{commit}", "source": source, "table": table}


def test_all_of_it_is_there_or_it_is_made_again(node: Node) -> None:
    assert node.step("build", "make", body=ALONG) == (0, "")
    assert node.step("install", "make", body=ALONG) == (0, "")
    for title in ("lib", "inner"):
        said = node.place / f"opt/{title}/bin/say"
        assert said.read_text() == f"echo {title}\n"
        assert node.step("install", "check", body=ALONG)[0] == 0
        assert node.step("setup", "make", body=ALONG) == (0, "")
        _of_another(node.place / f".enve/installs/{title}-7")
        assert node.step("install", "check", body=ALONG)[0] == 1
        assert node.step("setup", "check", body=ALONG)[0] == 1
        assert node.step("install", "make", body=ALONG) == (0, "")
    assert node.step("setup", "check", body=ALONG)[0] == 0
    assert not (node.place / ".enve/env").exists(), "where they are is known to the plan"


def _of_another(mark: Path) -> None:
    """As one of the same name, but built otherwise, leaves it."""
    head, newline, body = mark.read_text().partition("\n")
    mark.write_text(head[:-32] + "a" * 32 + newline + body)


def test_what_was_installed_without_gets_it(node: Node) -> None:
    for do in ("build", "install"):
        assert node.step(do, "make") == (0, "")
    assert node.step("install", "check")[0] == 0
    assert node.step("install", "check", body=ALONG)[0] == 1
    before = (node.place / "opt/tool/when").read_text()
    assert node.step("install", "make", body=ALONG) == (0, "")
    assert (node.place / "opt/tool/when").read_text() == before
    shutil.rmtree(node.place)
    assert node.step("install", "make", body=ALONG) == (0, "")
    assert (node.place / "opt/inner/bin/say").is_file()


def test_two_at_one_prefix_are_refused(node: Node) -> None:
    node.table["deps"]["run"][0]["table"]["prefix"] = "/opt/tool/lib"
    code, why = node.step("install", "make", body=ALONG)
    assert code == 65
    assert "prefixes of their own, found lib-7 at /opt/tool/lib" in why
