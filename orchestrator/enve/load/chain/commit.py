"""A product that a spot runs, pinned: what a chain of stages is made of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from enve.load.chain.artifact import BUILD, PUSH, Built
from enve.load.yaml.item import Item
from enve_fire.core import along as alongside
from enve_fire.core import profile, sums, title, url
from enve_fire.core.product import Product
from enve_pm.core.fieldcheck import Bad

HERE = {url.FOLDER: "a folder", url.STORE: "an entry of the store"}
PUSHED = "artifact: push builds it here; git+file:// and https:// are fetched by the node"
BY_GIT = "give it by git, or as an archive: each node fetches what its product needs"
HARDLINK = "hardlink"


@dataclass(frozen=True, slots=True)
class Commit:
    """What is to run at a spot. `artifact`: build, push, or the pinned url of one. `along`: what it
    runs with, where both see a root of their own; `root`: the archive with the files of that."""

    item: Item
    url: str
    source: str
    table: Mapping[str, Any]
    secrets: frozenset[str]
    artifact: str
    built: Built | None
    place: str
    timeout: int  # of a build, ms
    check_every: int  # ms
    along: tuple[Product, ...] = ()
    root: Path | None = None

    @property
    def name(self) -> str:
        return profile.product(self.table)


def possible(item: Item, product: Product, artifact: str, what: str) -> None:
    """What a chain on a node cannot be made of. Raises InputError."""
    for one in _fetched(product, artifact):
        kind = url.parse(one.url).kind
        if kind in HERE:
            of = "" if one is product else f", which {product.name} needs,"
            told = f"{what}: {one.url}{of} is {HERE[kind]} of this machine"
            raise item.bad(told, hint=PUSHED if one is product else BY_GIT)
    mode = profile.section(product.table, profile.INSTALL)["mode"]
    if not profile.installs(product.table):
        hint = "leave `install.mode` out"
        raise item.bad(f"{what}: {product.name} has no install (`install.mode: none`)", hint=hint)
    if mode == HARDLINK:
        told = f"{what}: {product.name} is not installed by hard links (`install.mode`) on a node"
        raise item.bad(f"{told}: only entries of a store share files", hint="mode: auto")


def _fetched(product: Product, artifact: str) -> Iterator[Product]:
    """What a node gets by itself. What is brought there was built, with what that needs."""
    if artifact != PUSH:
        yield product
    for one in product.deps(profile.BUILD) if artifact == BUILD else ():
        yield from one.each()
    for one in product.deps(profile.INSTALL):
        yield from one.each()


def along(item: Item, product: Product, what: str) -> tuple[Product, ...]:
    """What it runs with in a root of its own. Raises InputError."""
    if not profile.settles(product.table):
        return ()
    try:
        return tuple(alongside.products(product))
    except Bad as bad:
        told = f"{what}: in a root of its own {product.name} and what it runs with are wanted"
        raise item.bad(f"{told} as {bad.args[0]}, found {bad.args[1]}") from None


def distinct(commit: Commit, what: str) -> Commit:
    """Two contents of one version have names of their own, so that one is prepared beside the other
    that runs. Raises InputError."""
    brought = "" if commit.artifact in (BUILD, PUSH) else commit.artifact
    content = sums.content(commit.table, commit.source, brought)
    version = commit.table.get("version", "")
    whole = f"{version}+{content}" if version else content
    if len(whole) > title.LONGEST:
        longest = title.LONGEST - len(content) - 1
        told = f"version of {what}: wanted at most {longest} characters, found {len(version)}"
        raise commit.item.bad(told)
    return replace(commit, table={**commit.table, "version": whole})
