"""What a deploy warns of before it goes."""

from __future__ import annotations

import pytest

from enve.cli import clock, deploy
from enve.errors import Where
from enve.model.blueprint import Blueprint, Keyhole, NodeBlueprint

JUNE = 1_811_808_000  # 2027-06-01


def hole(name: str, until: int, line: int) -> Keyhole:
    where = Where("blueprint.yml", line, 5)
    return Keyhole(name, "F" * 40, b"", ("march",), ("main",), ("**",), until=until, where=where)


def test_a_keyhole_that_is_over_is_named_once(monkeypatch: pytest.MonkeyPatch) -> None:
    holes = (hole("alice", JUNE, 3), hole("bob", JUNE + 1, 4), hole("carol", 0, 5))
    nodes = {name: NodeBlueprint(name, keyholes=holes) for name in ("n1", "n2")}
    monkeypatch.setattr(clock, "now", lambda: JUNE * 1000)
    told = deploy._over(Blueprint("d", nodes))
    assert told == ["blueprint.yml:3:5: the keyhole of 'alice' ended on 2027-06-01"]
