"""From a plan to what is signed: parts, tree, head, and where the head stands."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enve.core import leaseorder, moves, parts, serials
from enve.core.parts import Place
from enve.errors import InputError, LeaseError, UsageError
from enve.model.march import SignedHead
from enve.model.plan import NodePlan, RenderedPlan
from enve_pm.core.part import Part
from enve_pm.wire import head as heads
from enve_pm.wire import merkle
from enve_pm.wire.head import Head


def plan(nodes: Mapping[str, Mapping[str, str]], expires: int = 0) -> RenderedPlan:
    each = {name: NodePlan(name, lines) for name, lines in nodes.items()}
    return RenderedPlan("shop", "shop.example", "main", each, {}, expires=expires)


def salts() -> Iterator[str]:
    number = 0
    while True:
        number += 1
        yield f"{number:032x}"


def built(nodes: Mapping[str, Mapping[str, str]], held: Mapping[str, str] = {}) -> dict[str, Part]:
    return parts.build(plan(nodes), (), held, salts().__next__)


def test_a_held_salt_stays_and_an_unchanged_plan_changes_no_leaf() -> None:
    first = built({"b": {"web": "{}"}, "a": {}})
    again = built({"b": {"web": "{}"}, "a": {}}, {n: p.header["salt"] for n, p in first.items()})
    assert [first[n].leaf() for n in first] == [again[n].leaf() for n in again]
    assert first["a"].header["salt"] != first["b"].header["salt"]


def test_a_node_that_leaves_gets_a_header_only() -> None:
    made = parts.build(plan({"a": {"web": "{}"}}), ("b", "a"), {"b": "f" * 32}, lambda: "0" * 32)
    assert (made["b"].lines, made["b"].header["salt"]) == ({}, "f" * 32)
    assert made["a"].lines == {"web": "{}"}


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 40))
def test_every_proof_leads_to_the_signed_root(count: int) -> None:
    made = built({f"n{at}": {"web": f"{at}"} for at in range(count)})
    tree = parts.tree(made)
    raw = parts.head(plan({}), Place(1, ()), tree, 1_000)
    signed = parts.signed(raw, (b"sig",), made, ("F" * 40, "alice"))
    head = heads.parse(raw)
    assert (head.n, head.issued, head.expires) == (count, 1_000, 1_000 + parts.LIFE)
    for node, part in made.items():
        proof = signed.proofs[node]
        root = bytes.fromhex(head.root)
        assert merkle.verify(part.leaf(), proof.index, head.n, proof.path, root)


def test_a_head_of_other_parts_is_not_taken() -> None:
    made = built({"a": {}})
    raw = parts.head(plan({}), Place(1, ()), parts.tree(made), 1)
    with pytest.raises(ValueError, match="not made for"):
        parts.signed(raw, (b"s",), built({"a": {"web": "{}"}}), ("", ""))


def test_a_plan_that_has_expired_is_not_signed() -> None:
    with pytest.raises(InputError, match="expires"):
        parts.head(plan({}, expires=10), Place(1, ()), parts.tree(built({"a": {}})), 10)


def test_a_part_that_no_node_takes_is_refused() -> None:
    with pytest.raises(InputError, match="bytes"):
        parts.too_large(built({"a": {"web": "x" * (1 << 20)}}))
    with pytest.raises(InputError, match="bytes"):
        parts.too_large(built({"a": {"web": "\u20ac" * (1 << 19)}}))
    parts.too_large(built({"a": {"web": "x" * (1 << 19), "db": "{}"}}))


# -- where a head stands ------------------------------------------------------------------------


@cache
def signed(serial: int, base: SignedHead | None = None, mark: str = "0") -> SignedHead:
    root = hashlib.sha256(mark.encode()).hexdigest()
    bases = heads.chain(base.serial, base.hash, base.head.bases) if base else ()
    raw = heads.encode(Head("d", 1, "main", "shop", serial, bases, 1, 2, 1, root, 0, ""))
    return SignedHead(raw, heads.name(raw), heads.parse(raw), (), "F" * 40, f"signer{mark}")


def line(length: int) -> list[SignedHead]:
    made = [signed(1)]
    for serial in range(2, length + 1):
        made.append(signed(serial, made[-1]))
    return made


def test_the_first_head_has_serial_one() -> None:
    assert serials.place({}, ()) == Place(1, ())


def test_a_new_head_builds_on_the_newest_one_anywhere() -> None:
    one, two, three = line(3)
    where = serials.place({"a": one, "b": two}, (three,))
    assert where == Place(4, ((3, three.hash), (2, two.hash), (1, one.hash)))


def test_a_head_that_nobody_can_hold_is_passed_over_but_not_its_serial() -> None:
    one, two, three = line(3)
    where = serials.place({"a": one}, (), dead=(three,))
    assert where == Place(4, ((1, one.hash),))
    assert two.hash not in str(where)


@pytest.mark.parametrize("own", [False, True])
def test_a_fork_is_told_with_nodes_and_signer(own: bool) -> None:
    one = signed(1)
    mine, theirs = signed(2, one, "m"), signed(2, one, "t")
    held = {"a": one, "b": theirs} | ({} if own else {"c": mine})
    with pytest.raises(LeaseError) as caught:
        serials.place(held, (mine,) if own else ())
    told = "\n".join((*caught.value.notes, caught.value.hint))
    loser = min(mine, theirs, key=lambda head: head.hash)
    assert f"by {loser.signer_name}" in told
    assert f"--force-base {loser.hash}" in told


def test_a_forced_base_joins_both_branches() -> None:
    one = signed(1)
    mine, theirs = signed(2, one, "m"), signed(2, one, "t")
    loser = min(mine, theirs, key=lambda head: head.hash)
    where = serials.place({"a": mine, "b": theirs}, (), force=loser.hash)
    assert {hash_ for _, hash_ in where.bases} == {one.hash, mine.hash, theirs.hash}
    assert (where.serial, where.force_base) == (3, loser.hash)
    tree = parts.tree(built({"a": {}}))
    assert heads.parse(parts.head(plan({}), where, tree, 1)).force_base == loser.hash


@pytest.mark.parametrize("held", [{}, {"a": signed(1)}])
def test_a_forced_base_must_be_known(held: dict[str, SignedHead]) -> None:
    with pytest.raises(UsageError, match="force-base"):
        serials.place(held, (), force="e" * 64)


def test_chains_are_cut_and_older_heads_still_follow() -> None:
    made = line(80)
    where = serials.place({"a": made[79], "b": made[2]}, ())
    assert len(where.bases) == heads.BASES
    assert where.bases[-1][0] == 80 - heads.BASES + 1
    stranger = signed(40, made[2], "x")
    with pytest.raises(LeaseError):
        serials.place({"a": made[79], "b": stranger}, ())


@settings(deadline=None, max_examples=15)
@given(st.integers(1, 70), st.integers(1, 70), st.sampled_from((0, 1, 5, 66)))
def test_a_forced_chain_holds_both_heads_and_is_valid(left: int, right: int, common: int) -> None:
    trunk = line(common) if common else []
    branches = []
    for mark, length in (("m", left), ("t", right)):
        head = trunk[-1] if trunk else None
        for _ in range(length):
            head = signed((head.serial if head else 0) + 1, head, mark)
        assert head is not None
        branches.append(head)
    older = min(branches, key=lambda head: (head.serial, head.hash))
    where = serials.place(dict(zip("ab", branches, strict=True)), (), force=older.hash)
    tree = parts.tree(built({"a": {}}))
    bases = heads.parse(parts.head(plan({}), where, tree, 1)).bases
    for head in branches:
        assert (head.serial, head.hash) in bases


# -- order of the lease, and spots that move ------------------------------------------------------


@given(st.sets(st.text(min_size=1), min_size=1))
def test_the_lowest_node_comes_first_for_everybody(nodes: set[str]) -> None:
    first, rest = leaseorder.order(nodes)
    assert first == min(nodes)
    assert {first, *rest} == nodes


SINGLE = json.dumps({"single": True}, separators=(",", ":"))
DOWN = json.dumps({"single": True, "want": "down"}, separators=(",", ":"))


def part(lines: Mapping[str, str]) -> Part:
    return Part({}, lines)


def test_a_single_spot_that_moves_waits_for_the_node_that_gives_it_up() -> None:
    made = {"a": part({}), "b": part({"db": SINGLE, "web": "{}"}), "c": part({"web": "{}"})}
    assert moves.waits(made, {"a": {"db", "web"}, "b": {"web"}, "c": set()}) == {"b": {"a": "db"}}


def test_a_single_spot_that_stays_waits_for_nobody() -> None:
    assert moves.waits({"a": part({"db": SINGLE})}, {"a": {"db"}, "b": set()}) == {}


def test_a_single_spot_may_be_listed_down_elsewhere() -> None:
    made = {"a": part({"db": DOWN}), "b": part({"db": SINGLE})}
    assert moves.waits(made, {"a": {"db"}}) == {"b": {"a": "db"}}


def test_a_single_spot_on_two_nodes_is_refused() -> None:
    with pytest.raises(InputError, match="is single"):
        moves.waits({"a": part({"db": SINGLE}), "b": part({"db": SINGLE})}, {})


def test_moves_in_a_circle_are_refused() -> None:
    made = {"a": part({"x": SINGLE}), "b": part({"y": SINGLE}), "c": part({})}
    with pytest.raises(InputError, match="circle"):
        moves.waits(made, {"a": {"y"}, "b": {"x"}, "c": set()})
