"""Streams and heads: what is signed and how it is carried, cut and broken at every place."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enve_pm.core.refusal import FormatError, VersionError
from enve_pm.wire import head as heads
from enve_pm.wire import stream as streams
from enve_pm.wire.canonical import dumps, loads
from enve_pm.wire.stream import Stream

HASH = "ab" * 32
HEAD = heads.Head("shop.example", 1, "main", "shop", 5, ((4, HASH),), 100, 200, 3, "cd" * 32, 0, "")
BODY = st.binary(min_size=0, max_size=50)
STREAMS = st.builds(
    Stream,
    BODY,
    st.lists(BODY, min_size=1, max_size=3).map(tuple),
    st.sampled_from(streams.KINDS),
    BODY,
    BODY,
    st.lists(BODY, max_size=3).map(tuple),
)


@given(STREAMS)
def test_stream_round_trip(stream: Stream) -> None:
    assert streams.decode(streams.encode(stream)) == stream


@given(STREAMS, st.randoms())
def test_every_cut_is_refused_unless_it_only_loses_blobs(
    stream: Stream, chance: random.Random
) -> None:
    data = streams.encode(stream)
    for end in range(len(data)):
        try:
            shorter = streams.decode(data[:end])
        except FormatError:
            continue
        assert shorter[:-1] == stream[:-1]
        assert shorter.blobs == stream.blobs[: len(shorter.blobs)]


@given(st.binary(max_size=200))
def test_any_bytes(data: bytes) -> None:
    for raw in (data, streams.MAGIC + data, streams.MAGIC + b"head 1\nx\nsig 1\nx\n" + data):
        try:
            stream = streams.decode(raw)
        except FormatError:
            continue
        assert streams.encode(stream) == raw


def text(*sections: str) -> bytes:
    rows = [f"{name} 1\nx\n" for name in sections]
    return streams.MAGIC + "".join(rows).encode()


@pytest.mark.parametrize(
    "sections",
    [
        (),
        ("head",),
        ("head", "sig"),
        ("head", "part", "proof"),
        ("sig", "head", "part", "proof"),
        ("head", "sig", "part"),
        ("head", "sig", "proof", "part"),
        ("head", "sig", "part", "delta", "proof"),
        ("head", "sig", "part", "proof", "proof"),
        ("head", "sig", "part", "proof", "blob", "sig"),
        ("head", "head", "sig", "part", "proof"),
        ("head", *["sig"] * 17, "part", "proof"),
        ("head", "sig", "part", "proof", *["blob"] * 1025),
    ],
)
def test_order_and_count_of_sections(sections: tuple[str, ...]) -> None:
    with pytest.raises(FormatError, match="wanted"):
        streams.decode(text(*sections))


@pytest.mark.parametrize(
    "data",
    [
        b"enve-stream 2\nhead 1\nx\n",
        text("root", "head", "sig", "part", "proof"),
        text("head", "sig", "part", "proof", "secret"),
    ],
)
def test_what_is_newer_is_told_apart(data: bytes) -> None:
    with pytest.raises(VersionError):
        streams.decode(data)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"enve-stream",
        b"enve-stream x\n",
        streams.MAGIC + b"head -1\nx\n",
        streams.MAGIC + b"head 01\nx\n",
        streams.MAGIC + b"head  1\nx\n",
        streams.MAGIC + b"head 1x\nx\n",
        streams.MAGIC + b"head\nx\n",
        streams.MAGIC + b"HEAD 1\nx\n",
        streams.MAGIC + b"head 1 \nx\n",
        streams.MAGIC + b"head 1\nxx",
        streams.MAGIC + b"head 99999999999999999999999999\n",
        streams.MAGIC + b"head 20000\n" + b"x" * 20000 + b"\n",
        streams.MAGIC + b"sig 2049\n" + b"x" * 2049 + b"\n",
        b"x" * (streams.SIZE + 1),
    ],
)
def test_bad_titles_and_sizes(data: bytes) -> None:
    with pytest.raises(FormatError):
        streams.decode(data)


# -- heads ----------------------------------------------------------------------------------------
def test_head_round_trip() -> None:
    for head in (HEAD, HEAD._replace(bases=()), HEAD._replace(force_base=HASH)):
        data = heads.encode(head)
        assert heads.parse(data) == head
        assert heads.signed(data) == b"enve1 plan %d\n%s" % (len(data), data)
        for end in range(len(data)):
            with pytest.raises(FormatError):
                heads.parse(data[:end])
    assert heads.name(b"") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def changed(**keys: Any) -> bytes:
    value = loads(heads.encode(HEAD))
    value.update(keys)
    return dumps({key: one for key, one in value.items() if one != "gone"})


BAD = [
    {"v": 2},
    {"v": True},
    {"v": "gone"},
    {"more": 1},
    {"domain": ""},
    {"domain": 1},
    {"lane": "a/b"},
    {"lane": ""},
    {"lane": "ä"},
    {"plan": "x" * 256},
    {"serial": 0},
    {"serial": "5"},
    {"serial": True},
    {"n": 0},
    {"n": (1 << 24) + 1},
    {"root": "CD" * 32},
    {"root": "cd" * 31},
    {"epoch": -1},
    {"issued": 201},
    {"expires": "gone"},
    {"bases": [[5, HASH]]},
    {"bases": [[4, HASH], [4, HASH]]},
    {"bases": [[3, HASH], [4, HASH]]},
    {"bases": [[4]]},
    {"bases": [[4, HASH, 1]]},
    {"bases": [4, HASH]},
    {"bases": [[0, HASH]]},
    {"bases": [[4, "ab"]]},
    {"bases": {}},
    {"bases": [[4, f"{n:064x}"] for n in range(65)]},
    {"force_base": "ef" * 32},
    {"force_base": ""},
    {"force_base": 1},
]


@pytest.mark.parametrize("keys", BAD, ids=str)
def test_bad_heads(keys: dict[str, Any]) -> None:
    with pytest.raises(FormatError):
        heads.parse(changed(**keys))


def test_a_bad_head_is_not_even_written() -> None:
    with pytest.raises(FormatError):
        heads.encode(HEAD._replace(expires=99))
    with pytest.raises(FormatError, match="larger"):
        heads.parse(b" " * (heads.SIZE + 1))
    with pytest.raises(VersionError):
        heads.parse(changed(v=2))


def test_a_fork_at_one_serial_can_be_forced_together() -> None:
    bases = ((4, HASH), (4, "cd" * 32), (3, HASH))
    head = HEAD._replace(bases=bases, force_base="cd" * 32)
    assert heads.parse(heads.encode(head)) == head


def test_chain_is_cut() -> None:
    bases: tuple[tuple[int, str], ...] = ()
    for serial in range(1, 100):
        bases = heads.chain(serial, HASH, bases)
    assert len(bases) == heads.BASES
    assert (bases[0][0], bases[-1][0]) == (99, 36)


def test_proofs() -> None:
    proof = heads.Proof(3, (b"a" * 32, b"b" * 32))
    assert heads.parse_proof(heads.encode_proof(proof)) == proof
    assert heads.parse_proof(bytes(4 + 32 * 32)) == heads.Proof(0, (bytes(32),) * 32)
    assert heads.parse_proof(heads.COUNT.to_bytes(4, "big")).index == heads.COUNT


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"", "found 0 bytes"),
        (bytes(3), "found 3 bytes"),
        (bytes(5), "found 5 bytes"),
        (bytes(4 + 31), "found 35 bytes"),
        (bytes(4 + 33), "found 37 bytes"),
        (bytes(4 + 32 * 33), "found 1060 bytes"),
        ((heads.COUNT + 1).to_bytes(4, "big"), "an index up to 16777216, found 16777217"),
    ],
)
def test_what_is_no_proof(data: bytes, found: str) -> None:
    with pytest.raises(FormatError, match=found):
        heads.parse_proof(data)
