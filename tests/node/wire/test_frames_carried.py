"""Half a stream that one program has read is gone on with by the next one."""

from __future__ import annotations

import marshal
from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from enve_pm.wire import frame
from enve_pm.wire.frame import SIZE, Assembler, Dropped, Whole

ONE, TWO = b"nonce--1", b"nonce--2"


def carried(old: Assembler) -> Assembler:
    new = Assembler()
    new.restore(marshal.loads(marshal.dumps(old.dump(), 2)))  # noqa: S302
    return new


@given(st.binary(min_size=1, max_size=2000), st.data())
def test_cut_at_any_byte(data: bytes, draw: st.DataObject) -> None:
    framed = frame.encode(data, ONE)
    at = draw.draw(st.integers(0, len(framed) - 1))
    old = Assembler()
    assert old.feed(framed[:at], 5) == []
    new = carried(old)
    assert new.deadline() == old.deadline()
    assert new.feed(framed[at:], 6) == [Whole(ONE, sha256(data).hexdigest(), data)]
    assert new.dump() == [b"", []]


def test_two_writers_and_their_age() -> None:
    first, second = (frame.encode(bytes(900), nonce) for nonce in (ONE, TWO))
    old = Assembler()
    old.feed(first[:SIZE], 0)
    old.feed(second[:SIZE], 20_000)
    new = carried(old)
    assert [event.nonce for event in new.expire(30_000)] == [ONE]
    (whole,) = new.feed(second[SIZE:], 30_001)
    assert isinstance(whole, Whole)
    assert not [event for event in new.expire(90_000) if isinstance(event, Dropped)]
