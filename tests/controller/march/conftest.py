"""Operators with real keys, made once; desks without history for every test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.controller.march.desk import NOW, Desk
from tests.controller.march.simnode import SimFleet, SimNode
from tests.support.keys import KeyHome

People = dict[str, str]


@pytest.fixture(scope="package")
def keys() -> Iterator[KeyHome]:
    with KeyHome() as home:
        yield home


@pytest.fixture(scope="package")
def people(keys: KeyHome) -> People:
    return {name: keys.make(name) for name in ("alice", "bob", "stranger")}


@pytest.fixture
def alice(keys: KeyHome, people: People, tmp_path: Path) -> Desk:
    return Desk("alice", keys, people["alice"], tmp_path / "alice")


@pytest.fixture
def bob(keys: KeyHome, people: People, tmp_path: Path) -> Desk:
    return Desk("bob", keys, people["bob"], tmp_path / "bob")


@pytest.fixture
def stranger(keys: KeyHome, people: People, tmp_path: Path) -> Desk:
    return Desk("stranger", keys, people["stranger"], tmp_path / "stranger")


@pytest.fixture
def fleet(alice: Desk, bob: Desk) -> Callable[..., SimFleet]:
    """Nodes n1, n2, ... that obey alice and bob everywhere."""

    def make(count: int, *spots: str) -> SimFleet:
        holes = (alice.keyhole(), bob.keyhole())
        names = spots or ("web", "db", "old")
        return SimFleet(
            *(SimNode(f"n{at}", names, holes, lambda: NOW) for at in range(1, count + 1))
        )

    return make
