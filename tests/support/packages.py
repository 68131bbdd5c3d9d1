"""Packages of a tree that a test made."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from enve_fire.core import package as packages
from enve_fire.core import sums
from enve_fire.core.product import Product
from enve_fire.pack import makepkg
from enve_fire.stage.install.laid import Artifact

PLATFORM = ("Linux", "x86_64", "glibc 2.36")
SOURCE = "git:" + "1" * 40
EPOCH = 1_600_000_000


def built(**more: Any) -> Product:
    """Of a product that is built; `more`: keys of its table, `source`."""
    source = more.pop("source", SOURCE)
    head = {"enve": 1, "title": "tool", "version": "1.0", "prefix": "/opt/tool"}
    return Product("file:///nowhere", source, {**head, "build": {"run": ["true"]}, **more})


def package(product: Product) -> packages.Package:
    bh = sums.artifact(product.table, product.source, [], PLATFORM)
    text = sums.build_text(product.table, product.source, [], PLATFORM)
    epoch = makepkg.epoch(product.source, EPOCH)
    return packages.of(product, bh, text, epoch, PLATFORM)


def made(product: Product, tree: Path, out: Path, way: str = "auto", key: str = "") -> Any:
    artifact = Artifact(str(tree), "")
    return makepkg.makepkg(product, artifact, package(product), str(out), way, key)


def artifact(root: Path, umask: int = 0o022) -> Path:
    """A tree with all that one may hold."""
    old = os.umask(umask)
    try:
        (root / "opt/tool/bin").mkdir(parents=True)
        (root / "opt/tool/a").mkdir()
        (root / "opt/tool/a-b").write_text("sorts between a and what is in it")
        (root / "opt/tool/a/c").write_bytes(os.urandom(0) + b"c" * 100_000)
        (root / "opt/tool/bin/tool").write_text("#!/bin/sh\n")
        (root / "opt/tool/bin/tool").chmod(0o755)
        os.link(root / "opt/tool/bin/tool", root / "opt/tool/bin/again")
        (root / "opt/tool/bin/su").write_text("#!/bin/sh\n")
        (root / "opt/tool/bin/su").chmod(0o755)
        (root / "opt/tool/link").symlink_to("bin/tool")
        (root / "opt/tool" / ("long" * 50)).write_text("a long name")
        (root / "opt/tool/häß lich").write_text("no ASCII")
        (root / "opt/tool/old").write_text("older than the source")
        os.utime(root / "opt/tool/old", (1_000_000_000.5, 1_000_000_000.5))
    finally:
        os.umask(old)
    return root
