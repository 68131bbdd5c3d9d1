"""A march that is signed by a smartcard, while the operator's primary key lies in a safe."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from tests.controller.march.field import Field
from tests.support.softcard import PIN, SoftCard

from enve.model.trust import shorten

pytestmark = [pytest.mark.real, pytest.mark.card]


class Carried(Field):
    """Alice has a card, and her blueprint knows the key that signs there."""

    def __init__(self) -> None:
        super().__init__()
        self.card = SoftCard(self.keys)
        self.subkey = self.card.joins(self.alice)


@pytest.fixture(scope="module")
def field() -> Iterator[Carried]:
    with Carried() as made:
        yield made


def march(field: Carried, code: int = 0) -> str:
    done = field.enve("march", "plan.yml", "-y")
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


def test_the_card_signs_once_for_all_nodes(field: Carried) -> None:
    listed = field.enve("keys", "list", "alice", "--no-headers")
    assert listed.stdout.split() == [field.alice, "alice", "card", "never"]
    told = march(field)
    assert "the card of alice signs" in told
    assert f"signed once by alice {shorten(field.alice)}" in told
    shown = field.enve("list", "-i", "inventory.yml", "-o", "json")
    rows = json.loads(shown.stdout)["rows"]
    assert {row["key"] for row in rows} == {shorten(field.alice)} != {shorten(field.subkey)}


@pytest.mark.parametrize("trouble", ["no card", "a wrong PIN", "the owner cancels"])
def test_no_signature_no_march(field: Carried, trouble: str) -> None:
    field.file("plan.yml", (field.folder / "plan.yml").read_text().replace("2000", "2001"))
    if trouble == "no card":
        field.card.take_out()
    field.card.knows("000000" if trouble == "a wrong PIN" else "")
    try:
        told = march(field, code=69)
    finally:
        if trouble == "no card":
            field.card.put_in()
        field.card.knows(PIN)
    assert "gpg could not sign with alice" in told
    assert "is the card in its reader?" in told
    assert PIN not in told


def test_and_then_it_goes_on(field: Carried) -> None:
    assert "applied" in march(field)
