"""Plans signed by keys that may not: refused by every node (exit 5), or not signed at all."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.fleet import Fleet
from tests.support.forger import Forger
from tests.support.site import SPOTS, Site, screen

pytestmark = pytest.mark.real
THEN = ("--faked-system-time", "20200301T000000")


def day(offset: int) -> str:
    return (datetime.now(UTC) + timedelta(days=offset)).strftime("%Y-%m-%d")


def prepare(fleet: Fleet) -> None:
    """carol's keyhole is over, dave's is to come, erin's key expired in 2021, frank's will be
    revoked."""
    windows = {"carol": {"until": day(-1)}, "dave": {"from": day(9)}, "erin": {}, "frank": {}}
    make = ("--passphrase", "", "--quick-gen-key", "erin", "ed25519", "sign", "1y")
    fleet.keys.gpg(*THEN, *make)
    for name, window in windows.items():
        fingerprint = fleet.keys.fingerprint if name == "erin" else fleet.keys.make
        setattr(fleet, name, fingerprint(name))
        fleet.publish(name, fleet.keys.public(getattr(fleet, name)))
        fleet.keyholes.append({"key": name, "may": "march", "scope": "**", **window})


@pytest.fixture(scope="module")
def guarded() -> Iterator[Site]:
    with Site(2, prepare) as site:
        yield site


def refused(site: Site, key: str, *words: str, plan: Path | None = None) -> None:
    """Both nodes say no in these words; nothing is changed."""
    with site.unchanged():
        said = screen(site.fleet.march(plan or site.plan("mine"), key=key, code=5))
        assert "refused by 2 of 2 nodes" in said
        for word in words:
            assert word in said, said


def locked_out(site: Site, key: str, why: str, reason: str) -> None:
    """Told before anything is signed; and what is signed all the same the nodes refuse."""
    with site.unchanged():
        said = screen(site.fleet.march(site.plan("mine"), key=key, code=5))
        told = said.partition(why)[2].partition("nothing was signed or sent")
        assert told[0].endswith(": the nodes would refuse it; ") and told[1], said
        assert "keys that would do: alice (" in said
        screen(site.fleet.march(site.plan("mine"), "--check", key=key, code=5))
        forger = Forger(site)
        ack = site.pm("n1").send(forger.stream(forger.next(), site.fleet.keys.fingerprint(key)))
        assert ack["code"] == "keyhole"
        assert reason in ack["reason"]


def test_an_unknown_key(guarded: Site) -> None:
    guarded.fleet.keys.make("mallory")
    locked_out(guarded, "mallory", "is named by no keyhole of these nodes", "no keyhole here")


def test_a_key_out_of_its_scope(guarded: Site) -> None:
    refused(guarded, "bob", "rejected (scope)", "web")


def test_a_key_out_of_its_scope_that_only_removes_a_spot(guarded: Site) -> None:
    fewer = guarded.fleet.plan({"*.db": SPOTS["*.db"]})
    refused(guarded, "bob", "rejected (scope)", "web", plan=fewer)


def test_a_keyhole_that_is_over(guarded: Site) -> None:
    locked_out(
        guarded,
        "carol",
        "keyhole that is not valid any more",
        "carol has a keyhole that is not valid any more",
    )


def test_a_keyhole_that_is_to_come(guarded: Site) -> None:
    locked_out(
        guarded, "dave", "keyhole that is not valid yet", "dave has a keyhole that is not valid yet"
    )


def revoke(fleet: Fleet, name: str) -> None:
    """With the certificate that gpg makes along with each key."""
    fingerprint = getattr(fleet, name)
    text = (fleet.keys.path / "openpgp-revocs.d" / f"{fingerprint}.rev").read_text()
    fleet.keys.gpg("--import", data=text.replace(":-----BEGIN", "-----BEGIN").encode())


def test_a_revoked_key(guarded: Site) -> None:
    """Its owner can't sign any more; a thief who can is refused once the ring says so."""
    fleet = guarded.fleet
    stolen = Forger(guarded).stream(Forger(guarded).next(), fleet.frank)
    revoke(fleet, "frank")
    with guarded.unchanged():
        said = screen(fleet.march(guarded.plan("mine"), key="frank", code=69))
        assert "revoked" in said
    fleet.publish("frank", fleet.keys.public(fleet.frank))
    fleet.deploy()
    with guarded.unchanged():
        ack = guarded.pm("n1").send(stolen)
    assert (ack["code"], ack["reason"]) == ("keyhole", "the key is revoked")


def test_a_key_that_the_blueprint_no_longer_names(guarded: Site) -> None:
    fleet = guarded.fleet
    fleet.keyholes[:] = [hole for hole in fleet.keyholes if hole["key"] != "bob"]
    fleet.write()
    fleet.deploy()
    locked_out(guarded, "bob", "is named by no keyhole of these nodes", "no keyhole here")


def test_an_expired_key(guarded: Site) -> None:
    """Its owner can't sign any more; nor does it help to set the own clock back."""
    with guarded.unchanged():
        said = screen(guarded.fleet.march(guarded.plan("mine"), key="erin", code=69))
        assert "expired" in said
    forger = Forger(guarded)
    back = forger.stream(forger.next(), guarded.fleet.erin, options=THEN)
    with guarded.unchanged():
        ack = guarded.pm("n1").send(back)
    assert (ack["code"], ack["reason"]) == ("keyhole", "the key has expired")
