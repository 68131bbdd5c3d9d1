"""When to ping and when silence is a hang; messages however the pipe cuts them."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enve_pm.shell.guard.heartbeat import LINE, Pulse, Wire


def test_the_life_of_a_pulse() -> None:
    pulse = Pulse(every=30, patience=5, now=100)
    assert pulse.due(100)
    assert not pulse.due(100)
    assert (pulse.wait(101), pulse.hung(104.9)) == (4, False)
    pulse.beat(102)
    assert (pulse.due(131), pulse.wait(131), pulse.hung(1000)) == (False, 1, False)
    assert pulse.due(132)
    assert pulse.hung(137)


@given(st.lists(st.integers(0, 20), max_size=40))
def test_who_always_answers_never_hangs(spans: list[int]) -> None:
    now = 0
    pulse = Pulse(every=10, patience=5, now=now)
    for span in spans:
        if pulse.due(now):
            pulse.beat(now)
        now += span
        assert not pulse.hung(now)
        assert pulse.wait(now) <= 10


def pair() -> tuple[Wire, Wire]:
    (a, b), (c, d) = os.pipe(), os.pipe()
    return Wire(a, d), Wire(c, b)


def close(*wires: Wire) -> None:
    for wire in wires:
        os.close(wire.reader)
        os.close(wire.writer)


def test_messages_cut_at_every_byte() -> None:
    text = b"ping\nreexec /a b\nbeat\n"
    for cut in range(len(text) + 1):
        one, other = pair()
        os.write(one.writer, text[:cut])
        heard = other.hear() or []
        os.write(one.writer, text[cut:])
        heard += other.hear() or []
        assert heard == [("ping", ""), ("reexec", "/a b"), ("beat", "")]
        close(one, other)


def test_end_and_silence() -> None:
    one, other = pair()
    assert other.hear() == []
    os.close(one.writer)
    assert other.hear() is None
    os.close(one.reader)
    assert not other.say("beat")
    os.close(other.reader)
    os.close(other.writer)


@pytest.mark.parametrize("size", [1, LINE, LINE * 3])
def test_a_long_message_is_cut_not_torn(size: int) -> None:
    one, other = pair()
    assert one.say("failed", "x" * size)
    ((word, rest),) = other.hear() or [("", "")]
    assert word == "failed"
    assert len(rest) == min(size, LINE - 1 - len("failed "))
    close(one, other)
