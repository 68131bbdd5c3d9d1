"""What was typed before `attach` listens, however much, comes to the unit."""

from __future__ import annotations

import os
import socket

import pytest

from enve_pm.client import attach, detach, raw
from enve_pm.shell.terminal.terminalwords import KEYS, MESSAGE


def test_much_at_once_goes_in_messages_that_are_taken_whole() -> None:
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.setblocking(False)
    its.setblocking(False)
    typed = os.urandom(300_000).replace(b"\x1d", b"x")
    keys = detach.Keys(detach.prefix(detach.DEFAULT))
    joined = attach._Joined(ours, raw.Raw(False), keys, True, False)
    with ours, its:
        assert joined._hand_on(typed)
        taken = b""
        while len(taken) < len(typed):
            data = its.recv(2 * MESSAGE)
            assert data[:1] == KEYS
            assert len(data) <= MESSAGE
            taken += data[1:]
            joined._flush()
    assert taken == typed


def test_who_types_without_end_is_not_listened_to_without_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("select.select", lambda *_: ([0], [], []))
    monkeypatch.setattr("os.read", lambda fd, most: b"y\n" * (most // 2))
    typed, over = raw.early()
    assert (len(typed), over) == (raw.EARLY, False)
