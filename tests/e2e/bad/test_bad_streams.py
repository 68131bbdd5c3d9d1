"""Signed streams that must not act, through the real fifo: answered, and nothing changes."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from enve_pm.core.part import Part
from enve_pm.wire import canonical
from enve_pm.wire import stream as streams
from tests.support.forger import DAY, Forger, line
from tests.support.site import Site

pytestmark = pytest.mark.real
OTHER = "ab" * 32
Make = Callable[[Site, Forger], bytes]


def forged(**keys: Any) -> Make:
    """Alice's next plan for n1, with these keys of the head."""
    return lambda site, forger: forger.stream(forger.next(**keys))


def at(**offsets: int) -> Make:
    """Alice's next plan, issued and expiring so many seconds from now."""
    now = int(time.time())
    return forged(**{key: now + seconds for key, seconds in offsets.items()})


def step(by: int, *bases: tuple[int, str]) -> Make:
    """Alice's plan, so many serials on, that builds on `bases` (0: the held serial)."""

    def make(site: Site, forger: Forger) -> bytes:
        serial = site.pm("n1").held()["serial"]
        chain = [(serial + back, digest) for back, digest in bases]
        keys = {"bases": tuple(chain)} if bases else {}
        return forger.stream(forger.next(serial=serial + by, **keys))

    return make


def placing(name: str, **keys: Any) -> Make:
    """Alice's plan with one more line."""
    return lambda site, forger: forger.stream(forger.next(spots={name: line(name, **keys)}))


def a_resource(site: Site, forger: Forger) -> bytes:
    """In a spot for processes."""
    value = {"v": 1, "name": "low", "kind": "resource", "check": ["true"]}
    return forger.stream(forger.next(spots={"low": canonical.dumps(value).decode()}))


def by(*keys: str, spots: dict[str, str] | None = None) -> Make:
    """Signed by others."""

    def make(site: Site, forger: Forger) -> bytes:
        signers = [getattr(site.fleet, key, "") or site.fleet.keys.make(key) for key in keys]
        return forger.stream(forger.next(spots=spots), *signers)

    return make


def only_removing(site: Site, forger: Forger) -> bytes:
    """Bob's plan, which only leaves out what is not his."""
    plan = forger.next(spots={})
    part = plan.parts["n1"]
    lines = {name: text for name, text in part.lines.items() if name != "web"}
    fewer = forger.next(parts={"n1": Part(part.header, lines)})
    return forger.stream(fewer, site.fleet.bob)


def for_another_node(site: Site, forger: Forger) -> bytes:
    return forger.stream(forger.next("n2"), node="n2")


def for_another_lane(site: Site, forger: Forger) -> bytes:
    """The head is of a lane that alice may use, the part of another one."""
    return forger.stream(forger.next(lane="side", serial=1, bases=()))


def tampered(section: str) -> Make:
    """One bit of that section is another one."""

    def make(site: Site, forger: Forger) -> bytes:
        whole = streams.decode(forger.stream(forger.next()))
        old = whole.sigs[0] if section == "sigs" else getattr(whole, section)
        new = bytes([*old[:-9], old[-9] ^ 1, *old[-8:]])
        return streams.encode(whole._replace(**{section: (new,) if section == "sigs" else new}))

    return make


def with_another_part(site: Site, forger: Forger) -> bytes:
    """What was signed, with a part of somebody's own."""
    whole = streams.decode(forger.stream(forger.next()))
    part = forger.next(spots={"extra": line("extra", command=["reboot"])}).parts["n1"]
    return streams.encode(whole._replace(body=part.encode()))


def unsigned(site: Site, forger: Forger) -> bytes:
    """The signature of the plan that is held, under a new head."""
    held = streams.decode(site.pm("n1").stream())
    return streams.encode(streams.decode(forger.stream(forger.next()))._replace(sigs=held.sigs))


def of_version_2(site: Site, forger: Forger) -> bytes:
    return b"enve-stream 2\n" + forger.stream(forger.next())[14:]


def cut_short(site: Site, forger: Forger) -> bytes:
    return forger.stream(forger.next())[:-40]


ABSENT = {"app": {"sha256": OTHER, "size": 7, "mode": 0o644}}
CASES: dict[str, tuple[Make, str]] = {
    "by an unknown key": (by("mallory"), "keyhole"),
    "by a key out of its scope": (by("bob"), "scope"),
    "by a key out of its scope, only removing": (only_removing, "scope"),
    "of an older serial": (step(-1, (-2, OTHER)), "replay"),
    "of a serial far away": (step(65_537), "replay"),
    "of the held serial with another content": (step(0, (-1, OTHER)), "equivocation"),
    "forked: on another base": (step(1, (0, OTHER)), "stale-base"),
    "forked: on no base": (forged(bases=()), "stale-base"),
    "expired": (at(issued=-2 * DAY, expires=-60), "expired"),
    "issued tomorrow: a clock is wrong": (at(issued=2 * DAY, expires=9 * DAY), "clock"),
    "of an older epoch": (forged(epoch=0), "replay"),
    "of a newer epoch": (forged(epoch=2), "keyhole"),
    "tampered head": (tampered("head"), ""),
    "tampered signature": (tampered("sigs"), ""),
    "tampered part": (tampered("body"), "signature"),
    "another part": (with_another_part, "signature"),
    "the signature of another head": (unsigned, "signature"),
    "for another node": (for_another_node, "scope"),
    "for another domain": (forged(domain="other.example"), "scope"),
    "for another lane than its part": (for_another_lane, "signature"),
    "in a lane that the key has not": (forged(lane="third"), "keyhole"),
    "above a ceiling": (placing("low", rlimits={"nofile": 4096}), "ceiling"),
    "of a kind that the spot may not be": (a_resource, "ceiling"),
    "for a spot that is not laid out": (placing("nowhere"), "ceiling"),
    "with a circle": (placing("extra", needs=["extra"]), "format"),
    "with an unknown key": (placing("extra", comand=["x"]), "format"),
    "with a blob that nobody sent": (placing("extra", files=ABSENT), "blob"),
    "of a version to come": (of_version_2, "version"),
    "cut short": (cut_short, "format"),
}


@pytest.fixture(scope="module", autouse=True)
def past(site: Site) -> bytes:
    """The nodes have held other plans before: returns a stream of then."""
    site.fleet.march(site.plan("of yesterday"))
    old = site.pm("n1").stream()
    site.march()
    return old


@pytest.mark.parametrize("name", CASES)
def test_a_stream_that_must_not_act(site: Site, name: str) -> None:
    make, code = CASES[name]
    stream = make(site, Forger(site))
    with site.unchanged():
        ack = site.pm("n1").send(stream)
    assert ack["verdict"] == "rejected", ack
    assert ack["reason"] and len(ack["reason"]) < 300
    assert code in ("", ack["code"]), ack


def test_a_replayed_stream_is_a_duplicate_and_an_older_one_is_refused(
    site: Site, past: bytes
) -> None:
    pm = site.pm("n1")
    with site.unchanged():
        assert pm.send(pm.stream())["verdict"] == "duplicate"
        ack = pm.send(past)
    assert (ack["verdict"], ack["code"]) == ("rejected", "replay")


def test_what_was_refused_does_not_stand_in_the_way_of_a_good_one(site: Site) -> None:
    forger = Forger(site)
    pm = site.pm("n1")
    good = forger.stream(forger.next())
    ack = pm.send(good)
    assert ack["verdict"] == "applied", ack
    site.march()
    assert pm.unit("extra") == {}
