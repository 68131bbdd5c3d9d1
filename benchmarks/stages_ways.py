"""The ways of getting a built tree to where it is installed, ours and others'."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from benchmarks.stages_cases import grow
from enve_fire.core.digest import hash_of
from enve_fire.core.product import Product
from enve_fire.stage.context import Context
from enve_fire.stage.install import install
from enve_fire.stage.install.laid import Artifact
from enve_fire.stage.install.place import Place
from enve_fire.store.store import Store
from enve_fire.tree import listfile
from enve_fire.tree.listing import listing
from enve_fire.tree.modes import close_files
from enve_fire.tree.remove import remove

STORE = Store.of({"ENVE_STORE": "/nowhere"})  # nothing is needed from there
CTX = Context(STORE, None, lambda _: None, 1, ("Linux", "x86_64", "glibc"))
PREFIX = "opt/big"


class Took(NamedTuple):
    """Seconds."""

    wall: float
    cpu: float


def built(source: Path, size: int, files: int) -> None:
    """`size` MiB in `files` files, as a build leaves them."""
    grow(source / PREFIX, size, files)
    close_files(str(source))


class Ways:
    """From the folder `source` into a new folder on the same file system, and onto the disk: an
    install's mark may only be written then, so the others are synced, too."""

    def __init__(self, source: Path) -> None:
        self.source = source
        self.target = source.with_name("target")
        self.sums = source.with_name("sums")
        self.sums.write_bytes(listfile.dumps(listing(str(source))))  # as the store that has it

    def command(self, *words: str) -> Took:
        """By a program of others."""

        def run() -> None:
            subprocess.run([*words, f"{self.source}/", f"{self.target}/"], check=True)
            _sync(self.target)

        return self._timed(run)

    def install(self, mode: str) -> Took:
        """Of an artifact whose files are known by what they hash to, since it was built."""
        section = {"enve": 1, "title": "big", "prefix": "/" + PREFIX, "install": {"mode": mode}}
        product = Product("x", "git:1", {**section, "build": {"run": ["x"]}})
        artifact = Artifact(str(self.source), hash_of("b", 1), str(self.sums))

        def run() -> None:
            if mode == "hardlink":  # only into a store, where it is on the disk before it is named
                self.target.mkdir()
                install.fill(product, artifact, str(self.target), CTX)
                _sync(self.target)
            else:
                install.install(product, artifact, Place(str(self.target), "big"), CTX)

        return self._timed(run)

    def _timed(self, run: Callable[[], None]) -> Took:
        _sync(self.source)
        found = timed(run)
        remove(str(self.target))
        return found


def timed(run: Callable[[], object]) -> Took:
    """What it took, with the CPU of all its processes."""
    began, before = time.monotonic(), sum(os.times()[:4])
    run()
    return Took(time.monotonic() - began, sum(os.times()[:4]) - before)


def _sync(folder: Path) -> None:
    subprocess.run(["sync", "-f", folder], check=True)
