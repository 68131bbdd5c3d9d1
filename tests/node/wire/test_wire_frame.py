"""Frames: whole streams out of whatever a shared fifo brings, in bounded memory."""

from __future__ import annotations

import os
import random
from hashlib import sha256
from struct import pack_into
from zlib import crc32

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enve_pm.wire import frame
from enve_pm.wire.frame import PAYLOAD, SIZE, Assembler, Busy, Dropped, Limits, Whole

NONCE = b"nonce--1"
COUNTS = [pytest.param(100_000, id="commit"), pytest.param(1_000_000, marks=pytest.mark.nightly)]


def sealed(data: bytes | bytearray) -> bytes:
    """A frame with its checksum put right."""
    data = bytearray(data)
    pack_into(">I", data, 32, 0)
    pack_into(">I", data, 32, crc32(data))
    return bytes(data)


def cut(framed: bytes) -> list[bytes]:
    return [framed[at : at + SIZE] for at in range(0, len(framed), SIZE)]


@given(st.binary(max_size=3000), st.lists(st.integers(1, 1500), min_size=1, max_size=9))
def test_whole_however_it_is_read(data: bytes, steps: list[int]) -> None:
    framed, assembler, at, found = frame.encode(data, NONCE), Assembler(), 0, []
    while at < len(framed):
        step = steps[at % len(steps)]
        found += assembler.feed(framed[at : at + step], 0)
        at += step
    assert found == [Whole(NONCE, sha256(data).hexdigest(), data)]
    assert len(framed) % SIZE == 0
    assert assembler.deadline() is None


def test_every_cut_of_the_bytes_is_no_stream() -> None:
    framed = frame.encode(b"x" * 1000, NONCE)
    for end in range(len(framed)):
        assert Assembler().feed(framed[:end], 0) == []


@given(st.lists(st.binary(max_size=2000), min_size=1, max_size=6, unique=True), st.randoms())
@settings(max_examples=60)
def test_frames_of_many_writers_interleave(streams: list[bytes], chance: random.Random) -> None:
    queues = [cut(frame.encode(data, bytes([n] * 8))) for n, data in enumerate(streams)]
    assembler, found = Assembler(), []
    while any(queues):
        queue = chance.choice([queue for queue in queues if queue])
        found += assembler.feed(queue.pop(0), 0)
    assert sorted(event.data for event in found) == sorted(streams)


@given(
    st.lists(st.binary(min_size=1, max_size=900), min_size=1, max_size=8),
    st.randoms(use_true_random=False),
)
@settings(max_examples=60)
def test_it_finds_its_way_again_behind_garbage(noise: list[bytes], chance: random.Random) -> None:
    data = b"EV" * 700
    framed, found, assembler = frame.encode(data, NONCE), [], Assembler()
    for piece in noise:
        torn = chance.choice(cut(framed))[: chance.randrange(1, SIZE)]
        found += assembler.feed(piece + torn, 0)
    found += assembler.feed(framed + bytes(SIZE), 0)
    assert [event.data for event in found if isinstance(event, Whole)] == [data]


@pytest.mark.parametrize("at", range(0, SIZE, 7))
def test_a_changed_byte_makes_no_frame(at: int) -> None:
    one = bytearray(frame.encode(b"x" * 300, NONCE))
    one[at] ^= 0x41
    assembler = Assembler()
    assert assembler.feed(bytes(one), 0) == []
    assert assembler.skipped > 0


BROKEN = {
    "version": (2, b"\2"),
    "flags": (3, b"\1"),
    "sequence past the total": (20, b"\0\0\0\1"),
    "no frames at all": (24, b"\0\0\0\0"),
    "too many frames": (24, b"\0\1\0\0"),
    "length past the payload": (28, b"\1\xdd"),
    "reserved": (30, b"\0\1"),
    "padding": (SIZE - 1, b"\1"),
    "short, though not the last": (24, b"\0\0\0\2"),
}


@pytest.mark.parametrize("why", BROKEN)
def test_a_good_checksum_is_not_enough(why: str) -> None:
    at, value = BROKEN[why]
    one = bytearray(frame.encode(b"x" * 300, NONCE))
    one[at : at + len(value)] = value
    assembler = Assembler()
    assert assembler.feed(sealed(one), 0) == []
    assert assembler.deadline() is None


def test_an_empty_stream_has_one_frame_and_an_empty_last_frame_is_none() -> None:
    assert Assembler().feed(frame.encode(b"", NONCE), 0)[0].data == b""
    first, second = cut(frame.encode(b"x" * (PAYLOAD + 5), NONCE))
    empty = bytearray(second)
    pack_into(">H", empty, 28, 0)
    empty[36:] = bytes(PAYLOAD)
    assert Assembler().feed(first + sealed(empty), 0) == []


def test_a_planted_id_harms_nobody() -> None:
    good, bad = b"g" * 1000, b"b" * 1000
    mine = cut(frame.encode(good, NONCE))
    assembler = Assembler()
    # Somebody claims the same stream under his own nonce: two streams, told apart by the nonce.
    planted = [
        sealed(one[:4] + b"mallory!" + one[12:36] + other[36:])
        for one, other in zip(mine, cut(frame.encode(bad, NONCE)), strict=True)
    ]
    found = []
    for pair in zip(planted, mine, strict=True):
        found += assembler.feed(b"".join(pair), 0)
    assert [type(event) for event in found] == [Dropped, Whole]
    assert found[0].why == "name"
    assert found[1].data == good


def test_strange_frames_of_an_open_stream_are_passed_over() -> None:
    one, two, three = cut(frame.encode(b"x" * 1000, NONCE))
    other = bytearray(two)
    pack_into(">I", other, 24, 4)  # another total
    assembler = Assembler()
    assert assembler.feed(two + three, 0) == []  # no beginning yet
    assert assembler.feed(one + one + three + sealed(other) + two + one + two, 0) == []
    assert [event.data for event in assembler.feed(three, 0)] == [b"x" * 1000]
    assert assembler.ignored == 7


def test_a_silent_writer_is_dropped_after_its_time() -> None:
    one, *_ = cut(frame.encode(b"x" * 1000, NONCE))
    assembler = Assembler()
    assembler.feed(one, 1000)
    assert assembler.deadline() == 31_000
    assert assembler.expire(30_999) == []
    (dropped,) = assembler.expire(31_000)
    assert (dropped.nonce, dropped.why) == (NONCE, "idle")
    assert assembler.deadline() is None


def test_the_longest_idle_one_makes_room() -> None:
    assembler = Assembler(Limits(streams=3, memory=1 << 20, stream=4096, idle=30_000))
    names = [bytes([n]) * 8 for n in range(4)]
    first = [cut(frame.encode(b"x" * 1000, name)) for name in names]
    for now, queue in enumerate(first[:3]):
        assert assembler.feed(queue[0], now) == []
    assembler.feed(first[0][1], 3)  # no longer the one that was silent longest
    (busy,) = assembler.feed(first[3][0], 4)
    assert busy == Busy(names[1], sha256(b"x" * 1000).digest()[:8])
    assert assembler.feed(first[0][2], 5)[0].nonce == names[0]


def test_memory_is_bounded_in_bytes() -> None:
    limits = Limits(streams=100, memory=10 * PAYLOAD, stream=20 * PAYLOAD, idle=30_000)
    assembler, found = Assembler(limits), []
    for n in range(6):
        for one in cut(frame.encode(bytes([n]) * (PAYLOAD * 4), bytes([n]) * 8))[:3]:
            found += assembler.feed(one, 0)
    assert [event.nonce[0] for event in found] == [0, 1, 2]
    assert assembler._held == 9 * PAYLOAD


def test_a_stream_that_is_too_long_is_not_begun() -> None:
    limits = Limits(streams=4, memory=1 << 20, stream=1000, idle=30_000)
    assembler = Assembler(limits)
    assert assembler.feed(frame.encode(b"x" * 4000, NONCE), 0) == []
    assert assembler.deadline() is None
    with pytest.raises(ValueError, match="8"):
        frame.encode(b"", b"short")


@pytest.mark.parametrize("count", COUNTS)
def test_fuzzed_frames_change_nothing(count: int) -> None:
    """Whatever comes: no exception, no stream that nobody sent, no memory beyond the limits."""
    chance = random.Random(count)
    limits = Limits(streams=16, memory=64 << 10, stream=8192, idle=1000)
    sent = [os.urandom(chance.randrange(3000)) for _ in range(40)]
    known = {sha256(data).hexdigest() for data in sent}
    assembler, frames = Assembler(limits), [cut(frame.encode(data, NONCE)) for data in sent]
    for now in range(count // 50):
        batch = b"".join(_mutant(chance, chance.choice(chance.choice(frames))) for _ in range(50))
        for event in assembler.feed(batch, now):
            assert not isinstance(event, Whole) or event.sha in known
        assert len(assembler._open) <= 16
        assert assembler._held <= 64 << 10
        assert len(assembler._rest) < SIZE


def _mutant(chance: random.Random, one: bytes) -> bytes:
    kind = chance.randrange(8)
    if kind == 0:
        return one
    if kind == 1:
        return one[: chance.randrange(SIZE)]
    if kind == 2:
        return chance.randbytes(chance.randrange(SIZE))
    data = bytearray(one)
    for _ in range(chance.randrange(1, 4)):
        data[chance.randrange(36 if kind < 6 else SIZE)] = chance.randrange(256)
    return sealed(data) if kind > 3 else bytes(data)
