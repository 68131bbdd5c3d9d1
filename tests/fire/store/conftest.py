"""A store of the test's own, and a user beside root."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from enve_fire.store.store import Store

MAIN = Path(__file__).parents[3] / "remote" / "enve_fire" / "__main__.py"
AS_DAEMON = ("setpriv", "--reuid=daemon", "--regid=daemon", "--clear-groups", "--")
Verb = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.of({"ENVE_STORE": str(tmp_path / "store")})


@pytest.fixture
def verb(store: Store) -> Verb:
    """`store WORDS` by a process; `who`: the words that start it as somebody else."""

    def run(
        *words: str, who: tuple[str, ...] = (), **environ: str
    ) -> subprocess.CompletedProcess[str]:
        argv = [*who, sys.executable, "-I", "-S", str(MAIN), "store", *words]
        env = {**os.environ, "ENVE_STORE": store.first, **environ}
        return subprocess.run(argv, env=env, capture_output=True, text=True, check=False)

    return run
