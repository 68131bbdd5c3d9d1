"""What a node shows is believed only with a keyhole's signature, and only for itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from tests.support.keys import KeyHome

from enve.core import parts
from enve.core.parts import Place
from enve.model.blueprint import Keyhole
from enve.model.march import SignedPlan
from enve.model.plan import NodePlan, RenderedPlan
from enve.trust.heads import BadState, Verifier
from enve_pm.wire import head as heads
from enve_pm.wire.record import Lane


@dataclass
class Keys:
    home: KeyHome
    alice: str
    stranger: str

    def keyhole(self) -> Keyhole:
        public = self.home.public(self.alice)
        return Keyhole("alice", self.alice, public, ("march",), ("main",), ("**",))


@pytest.fixture(scope="module")
def keys() -> Iterator[Keys]:
    with KeyHome() as home:
        yield Keys(home, home.make("alice"), home.make("stranger"))


def signed(keys: Keys, signer: str, serial: int = 1) -> SignedPlan:
    nodes = {name: NodePlan(name, {"web": f'{{"v":1,"n":"{name}"}}'}) for name in ("n1", "n2")}
    plan = RenderedPlan("shop", "shop.example", "main", nodes, {})
    built = parts.build(plan, (), {}, lambda: "0" * 32)
    raw = parts.head(plan, Place(serial, ()), parts.tree(built), 1)
    return parts.signed(raw, (keys.home.sign(signer, heads.signed(raw)),), built, (signer, ""))


def lane(plan: SignedPlan, node: str) -> Lane:
    part, proof = plan.parts[node], plan.proofs[node]
    shown = {"index": proof.index, "path": [step.hex() for step in proof.path]}
    head = plan.signed
    leaf = part.leaf().hex()
    return Lane(head.raw, head.signatures, part.header, leaf, shown, part.hashes, 1, 1, (), ())


def verifier(keys: Keys, *known: SignedPlan, domain: str = "shop.example") -> Verifier:
    return Verifier([keys.keyhole()], [plan.signed for plan in known], domain=domain)


@pytest.mark.real
def test_a_keyholes_head_is_believed_and_checked_once(keys: Keys) -> None:
    plan, judge = signed(keys, keys.alice), verifier(keys)
    assert judge.unchecked(lane(plan, "n1"))
    found = judge.check("n1", "main", lane(plan, "n1"))
    assert (found.signer, found.signer_name, found.serial) == (keys.alice, "alice", 1)
    assert not judge.unchecked(lane(plan, "n2"))
    assert judge.check("n2", "main", lane(plan, "n2")) == found


@pytest.mark.real
def test_a_strangers_head_is_bad_state(keys: Keys) -> None:
    plan = signed(keys, keys.stranger)
    with pytest.raises(BadState, match="no good signature by a keyhole"):
        verifier(keys).check("n1", "main", lane(plan, "n1"))
    assert verifier(keys, plan).check("n1", "main", lane(plan, "n1")) == plan.signed
    with pytest.raises(BadState, match="names no key"):
        Verifier([], domain="shop.example").check("n1", "main", lane(plan, "n1"))


@pytest.mark.real
def test_a_head_without_signatures_or_that_is_none(keys: Keys) -> None:
    good = lane(signed(keys, keys.alice), "n1")
    for bad in (good._replace(sigs=()), good._replace(head=b"{}"), good._replace(head=b"\xff")):
        with pytest.raises(BadState):
            verifier(keys).check("n1", "main", bad)


@pytest.mark.real
def test_what_belongs_to_another_node_lane_or_domain(keys: Keys) -> None:
    plan = signed(keys, keys.alice)
    with pytest.raises(BadState, match="another node"):
        verifier(keys).check("n2", "main", lane(plan, "n1"))
    with pytest.raises(BadState, match="another node or lane"):
        verifier(keys).check("n1", "other", lane(plan, "n1"))
    with pytest.raises(BadState, match="domain"):
        verifier(keys, domain="other").check("n1", "main", lane(plan, "n1"))


@pytest.mark.real
def test_lines_that_are_not_those_of_the_head(keys: Keys) -> None:
    good = lane(signed(keys, keys.alice), "n1")
    header = {**good.header, "salt": "1" * 32}
    moved = {"index": 1, "path": good.proof["path"]}
    for bad in (
        good._replace(hashes={"web": "0" * 64}),
        good._replace(hashes={}),
        good._replace(header=header),
        good._replace(proof=moved),
    ):
        with pytest.raises(BadState, match="not those of the head"):
            verifier(keys).check("n1", "main", bad)
