"""One node's stream: whole, as a delta or as the same; blobs inside it or before it."""

from __future__ import annotations

import hashlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enve.core import parts
from enve.core.parts import Place
from enve.core.streams import SMALL, Packer, named
from enve.errors import InputError
from enve.model.march import SignedPlan
from enve.model.plan import Blob, NodePlan, RenderedPlan
from enve_pm.core import delta
from enve_pm.core import part as part_module
from enve_pm.core.part import Part
from enve_pm.wire import stream as streams


def signed(lines: dict[str, str]) -> SignedPlan:
    plan = RenderedPlan(
        "p", "d", "main", {"n1": NodePlan("n1", lines), "n2": NodePlan("n2", {})}, {}
    )
    built = parts.build(plan, (), {}, lambda: "0" * 32)
    raw = parts.head(plan, Place(1, ()), parts.tree(built), 1)
    return parts.signed(raw, (b"sig",), built, ("", ""))


def blob(data: bytes) -> Blob:
    return Blob(hashlib.sha256(data).hexdigest(), len(data), data)


def line(*blobs: Blob, product: Blob | None = None) -> str:
    files = {f"f{at}": {"sha256": one.sha256, "size": one.size} for at, one in enumerate(blobs)}
    value: dict[str, object] = {"files": files}
    if product:
        value["product"] = {"kind": "tar", "sha256": product.sha256, "size": product.size}
    return json.dumps(value)


def packer(lines: dict[str, str], *blobs: Blob) -> Packer:
    return Packer(signed(lines), {one.sha256: one for one in blobs}, lambda one: one.data or b"")


@settings(deadline=None)
@given(
    st.dictionaries(st.sampled_from("abcdef"), st.sampled_from("uvwxyz"), max_size=6),
    st.dictionaries(st.sampled_from("abcdef"), st.sampled_from("uvwxyz"), max_size=6),
)
def test_what_the_node_puts_together_is_the_signed_part(
    old: dict[str, str], new: dict[str, str]
) -> None:
    held = Part({}, {name: json.dumps({"env": {"X": value * 200}}) for name, value in old.items()})
    lines = {name: json.dumps({"env": {"X": value * 200}}) for name, value in new.items()}
    packed = packer(lines).pack("n1", held.hashes, ())
    stream = streams.decode(packed.data)
    assert stream.kind == packed.kind
    if packed.kind == "part":
        got = part_module.parse(stream.body)
    else:
        got = delta.apply(held, delta.parse(stream.body, packed.kind))
    assert got.lines == lines
    if set(lines.values()) <= set(held.lines.values()):
        assert packed.kind == "same"
    assert packer(lines).pack("n1", None, ()).kind == "part"


def test_small_blobs_travel_inside_and_large_ones_before() -> None:
    small, large = blob(b"small"), blob(b"L" * (SMALL + 1))
    packed = packer({"web": line(small, product=large)}, small, large).pack("n1", None, ())
    assert streams.decode(packed.data).blobs == (b"small",)
    assert packed.puts == (large,)


def test_a_held_blob_does_not_travel() -> None:
    one, two = blob(b"one"), blob(b"two")
    packed = packer({"web": line(one, two)}, one, two).pack("n1", None, {one.sha256})
    assert streams.decode(packed.data).blobs == (b"two",)


def test_blobs_that_do_not_fit_together_go_before() -> None:
    many = [blob(b"%d" % at + b"x" * (SMALL - 8)) for at in range(60)]
    packed = packer({"web": line(*many)}, *many).pack("n1", None, ())
    inside = streams.decode(packed.data).blobs
    assert len(inside) + len(packed.puts) == 60
    assert 20 < len(inside) < 33
    assert len(packed.data) <= streams.SIZE


def test_more_blobs_than_a_stream_takes_go_before() -> None:
    many = [blob(b"%d" % at) for at in range(streams.BLOBS + 5)]
    packed = packer({"web": line(*many)}, *many).pack("n1", None, ())
    assert len(packed.puts) == 5


def test_a_blob_that_is_nowhere_is_told_before_anything_is_sent() -> None:
    with pytest.raises(InputError, match="does not have it"):
        packer({"web": line(blob(b"gone"))}).pack("n1", None, ())


def test_what_a_line_names() -> None:
    one, two = blob(b"1"), blob(b"2")
    assert named(line(one, product=two)) == {one.sha256, two.sha256}
    assert named("{}") == frozenset()
