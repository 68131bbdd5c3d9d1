"""Bytes in the fifo that are no stream: the pipe goes on, and nothing is changed by them."""

from __future__ import annotations

import hashlib
import os
import random
from itertools import chain, zip_longest

import pytest

from enve_pm.wire import frame
from tests.support.forger import Forger
from tests.support.pmnode import PmNode
from tests.support.site import Site

pytestmark = pytest.mark.real


def cut(stream: bytes, nonce: bytes) -> list[bytes]:
    """A stream's frames, one by one."""
    whole = frame.encode(stream, nonce)
    return [whole[at : at + frame.SIZE] for at in range(0, len(whole), frame.SIZE)]


def refusable(site: Site, count: int = 1) -> list[bytes]:
    """Streams of several frames that a node reads whole and refuses: a stranger signed them."""
    key = site.fleet.keys.make(f"stranger{os.urandom(4).hex()}")
    forger = Forger(site)
    return [forger.stream(forger.next(epoch=9 + i), key) for i in range(count)]


def still_answers(site: Site, pm: PmNode) -> None:
    """A stream that comes later is judged as ever."""
    assert pm.send(refusable(site)[0])["code"] == "keyhole"


def test_garbage_is_skipped(site: Site) -> None:
    pm, chance = site.pm("n1"), random.Random(7)
    with site.unchanged():
        pm.write(chance.randbytes(60_001))
        pm.write(b"EV" * 5_000)
        pm.write(b"enve-stream 1\nhead 3\n{}\n\n" * 40)
        still_answers(site, pm)


def test_a_writer_that_dies_in_the_middle_leaves_nothing(site: Site) -> None:
    pm = site.pm("n1")
    stream = refusable(site)[0]
    frames = cut(stream, os.urandom(8))
    with site.unchanged():
        pm.write(b"".join(frames[:-1]))
        pm.write(frames[-1][:100])
        still_answers(site, pm)
    assert not (pm.home / "public/acks" / hashlib.sha256(stream).hexdigest()).exists()


def test_frames_of_writers_interleave(site: Site) -> None:
    pm = site.pm("n1")
    jobs = [(stream, os.urandom(8)) for stream in refusable(site, 3)]
    rows = zip_longest(*(cut(stream, nonce) for stream, nonce in jobs), fillvalue=b"")
    with site.unchanged():
        pm.write(b"".join(chain.from_iterable(rows)))
        acks = [pm.answer(stream, nonce) for stream, nonce in jobs]
    assert [ack["code"] for ack in acks] == ["keyhole"] * 3


def test_frames_that_come_twice_or_out_of_order_do_not_make_a_stream(site: Site) -> None:
    pm = site.pm("n1")
    stream = refusable(site)[0]
    nonce = os.urandom(8)
    frames = cut(stream, nonce)
    with site.unchanged():
        pm.write(b"".join(reversed(frames)))
        pm.write(b"".join(one for one in cut(stream, nonce) for _ in (1, 2)))
        assert pm.answer(stream, nonce)["code"] == "keyhole"


def test_a_planted_stream_id_reaches_nobody_elses_answer(site: Site) -> None:
    """Frames that claim the name of another stream: neither it nor theirs is answered for them."""
    pm = site.pm("n1")
    theirs, planted = refusable(site, 2)
    nonce = os.urandom(8)
    name = hashlib.sha256(theirs).digest()[:8]
    with site.unchanged():
        pm.write(claiming(name, planted, nonce))
        still_answers(site, pm)
        acks = pm.home / "public/acks"
        assert not (acks / hashlib.sha256(planted).hexdigest()).exists()
        assert not (acks / hashlib.sha256(theirs).hexdigest()).exists()
        assert pm.send(theirs)["code"] == "keyhole"


def claiming(name: bytes, stream: bytes, nonce: bytes) -> bytes:
    """The frames of a stream with another one's name in them, their checksums right."""
    total = -(-len(stream) // frame.PAYLOAD)
    rows = (stream[at : at + frame.PAYLOAD] for at in range(0, len(stream), frame.PAYLOAD))
    return b"".join(frame._one(nonce, name, i, total, row) for i, row in enumerate(rows))
