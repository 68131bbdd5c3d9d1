"""Packages that are used: fetched in the place of a source, or put into a store."""

from __future__ import annotations

import os
import tarfile
from pathlib import Path
from typing import Any

import pytest

from enve_fire.app.packed import Asked, packed
from enve_fire.core.product import Product
from enve_fire.core.trouble import INPUT, Trouble
from enve_fire.fetch.how import How
from enve_fire.pack.unpacked import import_package
from enve_fire.stage.chain import Chain
from enve_fire.stage.context import Context, context
from enve_fire.store.store import Store

TABLE = {
    "enve": 1,
    "title": "tool",
    "version": "1.0",
    "prefix": "/opt/tool",
    "build": {
        "run": ["mkdir -p $OUT$PREFIX", "date +%N > $OUT$PREFIX/made", "cp -p * $OUT$PREFIX"]
    },
    "install": {"setuid": ["tool"]},
}


def _context(folder: Path) -> Context:
    environ = {**os.environ, "ENVE_STORE": str(folder / "store")}
    return context(environ, Store.of(environ), How(environ=environ))


def _source(folder: Path, table: dict[str, Any] = TABLE) -> Product:
    (folder / "tool-1.0").mkdir(parents=True)
    (folder / "tool-1.0/tool").write_text("#!/bin/sh\n")
    (folder / "tool-1.0/tool").chmod(0o755)
    with tarfile.open(folder / "tool.tar.gz", "w:gz") as archive:
        archive.add(folder / "tool-1.0", "tool-1.0")
    return Product(f"file://{folder}/tool.tar.gz", "", table)


@pytest.mark.parametrize("table", [TABLE, {**TABLE, "build": {"run": []}}])
def test_a_package_in_the_place_of_a_source_is_not_built(
    tmp_path: Path, table: dict[str, Any]
) -> None:
    one, other = _context(tmp_path / "one"), _context(tmp_path / "other")
    source = _source(tmp_path / "src", table)
    path = packed(source, Asked(str(tmp_path) + "/"), one)
    where = Chain(source, one).installed()
    found = Chain(Product("file://" + path, "", table), other).installed()
    for name in ("tool", "made") if table is TABLE else ("tool",):
        here, there = (Path(place.prefix(table), name) for place in (where, found))
        assert here.read_bytes() == there.read_bytes()
        assert here.stat().st_mode == there.stat().st_mode
    assert Path(found.prefix(table), "tool").stat().st_mode & 0o4000
    assert not Path(found.root, ".enve/pkg.json").exists()


def test_a_package_of_something_else_is_none_of_the_products(tmp_path: Path) -> None:
    one = _context(tmp_path / "one")
    path = packed(_source(tmp_path / "src"), Asked(str(tmp_path) + "/"), one)
    for more, told in (
        ({"prefix": "/opt/x"}, "is for the prefix /opt/tool, and not for /opt/x"),
        ({"title": "x"}, "is a package of tool, and not of x"),
    ):
        product = Product("file://" + path, "", {**TABLE, **more})
        with pytest.raises(Trouble, match=told) as refused:
            Chain(product, one).installed()
        assert refused.value.code == INPUT


def test_a_store_that_was_given_a_package_builds_nothing(tmp_path: Path) -> None:
    one, other = _context(tmp_path / "one"), _context(tmp_path / "other")
    source = _source(tmp_path / "src")
    path = packed(source, Asked(str(tmp_path) + "/"), one)
    entry = import_package(path, other.store)
    chain = Chain(source, other)
    assert chain.built().path == entry.path
    made = (Path(entry.path) / "opt/tool/made").read_text()
    assert made == (Path(Chain(source, one).built().path) / "opt/tool/made").read_text()
    assert not (Path(entry.path) / ".enve").exists()
    again = packed(source, Asked(str(tmp_path / "again.tar.gz")), other)
    assert Path(again).read_bytes() == Path(path).read_bytes()


def test_what_is_no_package_of_this_machine(tmp_path: Path) -> None:
    one = _context(tmp_path / "one")
    source = _source(tmp_path / "src")
    with pytest.raises(Trouble, match="is no package") as refused:
        import_package(str(tmp_path / "src/tool.tar.gz"), one.store)
    assert refused.value.code == INPUT
    foreign = one._replace(platform=("Plan9", "vax", ""))
    path = packed(source, Asked(str(tmp_path) + "/"), foreign)
    assert "plan9-vax" in path
    with pytest.raises(Trouble, match="is for Plan9 vax, and this is Linux"):
        import_package(path, one.store)
    with pytest.raises(Trouble, match="is for Plan9 vax"):
        Chain(Product("file://" + path, "", TABLE), one).installed()
