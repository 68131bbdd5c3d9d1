"""A store of the test's own, ways to fetch into it, and git repositories to fetch from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.support.fetching import Fetcher, Repo


@pytest.fixture
def fetcher(tmp_path: Path) -> Fetcher:
    return Fetcher(tmp_path)


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return Repo(tmp_path / "repo")


@pytest.fixture
def new_repo(tmp_path: Path) -> Callable[..., Repo]:
    return lambda name, *words: Repo(tmp_path / name, *words)
