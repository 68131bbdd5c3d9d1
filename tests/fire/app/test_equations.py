"""The memo's equations, as laws of the stages themselves: whatever the inputs are, each stage is a
function of them, and of nothing else.

    installable  = build(platform, build deps, buildable)
    configurable = install(place, install deps, installable)
    runnable     = configure(config, configurable)
    commit + (config + deploy) = (commit + config) + deploy
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.fetching import PLAIN
from tests.support.setups import tree
from tests.support.workbench import room

from enve_fire.core.product import Product
from enve_fire.fetch.how import How
from enve_fire.stage.chain import Chain
from enve_fire.stage.context import Context, context
from enve_fire.stage.install import manifest
from enve_fire.stage.install.place import Place
from enve_fire.stage.setup import setup
from enve_fire.store.store import Store
from enve_fire.tree.digest import tree_hash

LAWS = settings(max_examples=12, deadline=None)
FILES = st.dictionaries(
    st.sampled_from(["a", "b", "d/a", "d/e/f", "x"]), st.text("abc\n", max_size=4), min_size=1
)
CONTENTS = st.text("12", max_size=2)
COPY = "mkdir -p $OUT$PREFIX && cp -R . $OUT$PREFIX"
TOOL = "mkdir -p $OUT$PREFIX/bin && cp -R . $OUT$PREFIX/bin"


class World:
    """A machine of its own, as often as it is asked for one: another store, other folders."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._made = 0

    def folder(self) -> Path:
        self._made += 1
        made = self.path / f"n{self._made}"
        made.mkdir()
        return made

    def machine(self) -> Context:
        environ = {**PLAIN, "ENVE_STORE": str(self.folder() / "store"), "ENVE_JOBS": "1"}
        return context(environ, Store.of(environ), How(environ=environ))

    def source(self, files: Mapping[str, str]) -> str:
        top = self.folder()
        for name, content in files.items():
            (top / name).parent.mkdir(parents=True, exist_ok=True)
            (top / name).write_text(content)
        return f"file://{top}"

    def place(self, shared: bool = False) -> Place:
        return Place(str(self.folder() / "place"), "web", shared)


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with room() as path:
        yield World(path)


def table(title: str = "app", **more: Any) -> dict[str, Any]:
    build = {"run": [COPY], "sandbox": "none"}  # walls have tests of their own
    return {"enve": 1, "title": title, "prefix": f"/opt/{title}", "build": build, **more}


def product(url: str, **more: Any) -> Product:
    return Product(url, "", table(**more))


def tool(world: World, says: str) -> dict[str, Any]:
    """What another product needs: it is one itself."""
    url = world.source({"tool": f"#!/bin/sh\necho '{says}'\n"})
    (Path(url[len("file://") :]) / "tool").chmod(0o755)
    return {"url": url, "table": {**table("tool"), "build": {"run": [TOOL], "sandbox": "none"}}}


def built(world: World, url: str, **more: Any) -> tuple[str, str]:
    """(what an artifact is known by, what is in it) on a machine of its own."""
    chain = Chain(product(url, **more), world.machine())
    entry = chain.built()
    return entry.name, tree_hash(entry.path)


@LAWS
@given(one=FILES, other=FILES)
def test_a_build_is_a_function_of_its_source(
    world: World, one: dict[str, str], other: dict[str, str]
) -> None:
    """Neither of the folder that it lies in, nor of the machine's store, nor of when it is done."""
    first, again = (built(world, world.source(one)) for _ in range(2))
    assert first == again
    assert (built(world, world.source(other)) == first) is (one == other)


@LAWS
@given(says=CONTENTS, other=CONTENTS, kind=st.sampled_from(["build", "install", "run"]))
def test_what_is_needed_is_software_and_counts_by_what_it_is(
    world: World, says: str, other: str, kind: str
) -> None:
    """It runs by itself, it is there where it is needed, and only its content counts."""
    url = world.source({"a": ""})

    def needing(words: str) -> Chain:
        return Chain(product(url, deps={kind: [tool(world, words)]}), world.machine())

    chains = [needing(words) for words in (says, says, other)]
    hashes = [[chain.hash(stage) for stage in ("build", "install")] for chain in chains]
    assert hashes[0] == hashes[1]
    alike = [one == two for one, two in zip(hashes[0], hashes[2], strict=True)]
    assert alike == [says == other or kind != "build", says == other]
    for stage in ("build",) if kind == "build" else ("install",):
        (found,) = chains[0].ready(stage)
        done = subprocess.run([f"{found.where}/bin/tool"], capture_output=True, check=True)
        assert done.stdout.decode() == says + "\n"
    place = world.place()
    installed = Chain(chains[0].product, world.machine(), place).installed()
    named = Path(installed.deps(chains[0].product.table)).read_text().splitlines()
    assert [name.rpartition("-")[2] for name in named] == ([] if kind == "build" else ["tool"])


@LAWS
@given(files=FILES)
def test_an_install_is_a_function_of_the_artifact(world: World, files: dict[str, str]) -> None:
    """Whatever lay there before, and however often it is done."""
    url, before = world.source(files), world.source({"other": ""})
    ctx = world.machine()
    new, used = world.place(), world.place()
    Chain(product(before), ctx, used).installed()
    chains = [Chain(product(url), ctx, place) for place in (new, used)]
    for chain in chains:
        chain.installed()
    artifact = tree(Path(chains[0].built().path))
    once = [tree(Path(place.root)) for place in (new, used)]
    assert once == [artifact, artifact]
    Chain(product(url), ctx, new).installed()
    assert tree(Path(new.root)) == artifact


@settings(max_examples=8, deadline=None)
@given(order=st.lists(st.sampled_from("abc"), min_size=1, max_size=5))
def test_what_is_in_a_root_is_the_set_of_what_was_installed(world: World, order: list[str]) -> None:
    """insA, insB, insB is insA + insB, in whatever order."""
    ctx = world.machine()
    urls = {name: world.source({name: name}) for name in "abc"}

    def laid(names: list[str]) -> Any:
        place = world.place(shared=True)
        for name in names:
            one = Product(urls[name], "", table(name))
            mark = Chain(one, ctx, place).installed().installed(one.table)
            manifest.forget(mark)  # it is done again though nothing has changed
            Chain(one, ctx, place).installed()
        return tree(Path(place.root))

    assert laid(order) == laid(sorted(set(order)))


@LAWS
@given(value=CONTENTS, before=CONTENTS)
def test_config_is_the_same_before_and_after_the_product_left_the_factory(
    world: World, value: str, before: str
) -> None:
    """`(commit + config) + deploy = commit + (config + deploy)`: what is set up is one thing, be it
    there from the start or laid over another config on a node."""
    url, ctx = world.source({"a": "1"}), world.machine()

    def configured(content: str) -> Product:
        files = [{"path": "/opt/app/etc/conf", "mode": 0o644, "content": content}]
        return product(url, setup={"files": files})

    def deployed(place: Place, *contents: str) -> tuple[str, Any]:
        hash_ = ""
        for content in contents:
            wanted = configured(content)
            Chain(wanted, ctx, place).installed()
            hash_ = setup(wanted, place, ctx)
        return hash_, tree(Path(place.root))

    assert deployed(world.place(), value) == deployed(world.place(), before, value)
