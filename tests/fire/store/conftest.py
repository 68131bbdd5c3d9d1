"""A store of the test's own, and a user beside root."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.support.box import stages
from tests.support.interpreter import python_for

from enve_fire.store.store import Store

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
        python = python_for("daemon") if who else sys.executable
        argv = [*who, python, "-I", "-S", stages(), "store", *words]
        env = {**os.environ, "ENVE_STORE": store.first, **environ}
        here = Path(store.first).parent
        return subprocess.run(argv, env=env, cwd=here, capture_output=True, text=True, check=False)

    return run
