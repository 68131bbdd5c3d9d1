"""What is said to the kernel about networks is read back as it was meant."""

from __future__ import annotations

import errno
import os
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enve_pm.core.unit import UnitSpec
from enve_pm.maker import netlink
from enve_pm.maker.network import Mark, _Root, network_unit
from enve_pm.maker.place import Place, Trouble

LINE = {"v": 1, "name": "web", "kind": "network", "network": {"type": "bridge"}}


@given(st.dictionaries(st.integers(1, 0x3FFF), st.binary(max_size=40), max_size=6))
def test_attributes(found: dict[int, bytes]) -> None:
    data = b"".join(netlink.attribute(kind, value) for kind, value in found.items())
    assert len(data) % 4 == 0
    assert netlink.parse(data) == found


@given(st.binary(max_size=80))
def test_any_bytes_are_read_to_their_end(data: bytes) -> None:
    assert sum(map(len, netlink.parse(data).values())) <= len(data)


def test_values() -> None:
    inner = netlink.attribute(2, 7)
    words = netlink.parse(netlink.attribute(1, "br") + netlink.attribute(3, [inner, inner]))
    assert netlink.text(words, 1) == "br"
    assert netlink.number(netlink.parse(words[3]), 2) == 7
    assert (netlink.text(words, 9), netlink.number(words, 9)) == ("", 0)


def test_an_error_says_what_and_why() -> None:
    words = netlink.attribute(1, "no such thing.")
    body = struct.pack("=i", -2) + bytes(16) + words
    answer = struct.pack("=IHHII", 16 + len(body), 2, 0x300, 1, 0) + body
    ((kind, flags, number, said),) = netlink._messages(answer)
    assert (kind, number) == (2, 1)
    with pytest.raises(FileNotFoundError) as caught:
        netlink._judge(said, flags, "br")
    assert caught.value.filename == "br"
    assert str(caught.value.strerror).endswith("(no such thing)")


# -- whose it is ----------------------------------------------------------------------------------
def place(home: str) -> Place:
    return Place(home, UnitSpec.parse(LINE), {})


def test_a_mark_is_a_units_own() -> None:
    one, other, deep = (Mark(place(home)) for home in ("/var/pm", "/srv/pm", "/x" * 200))
    assert one.alias == "pm:/var/pm/spots/web"
    assert len({mark.alias for mark in (one, other, deep)}) == 3
    assert len({mark.group for mark in (one, other, deep)}) == 3
    assert max(len(mark.alias) for mark in (one, other, deep)) < 256


def test_a_users_pm_says_that_it_cannot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    unit: Any = network_unit(place("/home/me/pm"))
    assert "only a pm that is root's can make networks" in unit.check()
    with pytest.raises(Trouble, match="uid 1000"):
        unit.make()
    unit.undo()


class Refused:
    """What a kernel without these capabilities lets us do."""

    def check(self) -> str:
        return "there is no bridge web"

    def make(self) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted", "web")

    def undo(self) -> None:
        pass


def test_root_of_a_container_is_told_what_it_lacks() -> None:
    unit = _Root(Refused())
    assert unit.check() == "there is no bridge web"
    with pytest.raises(Trouble, match=r"refuses it \(web\): it wants CAP_NET_ADMIN"):
        unit.make()
    unit.undo()
