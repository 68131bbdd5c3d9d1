"""Bridges and network namespaces on a real pm, which has a network of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.box import Box, installed
from tests.support.networks import (
    OWN,
    addresses,
    bridge,
    enter,
    ip,
    kept,
    links,
    names,
    namespace,
    namespaces,
)
from tests.support.wait import until

from enve_pm.core.unit import UnitSpec
from enve_pm.maker.network import Mark
from enve_pm.maker.place import Place

pytestmark = [pytest.mark.real, pytest.mark.host]

BRIDGE = bridge("br", "10.9.0.1/24", "fd09::1/64")
ONE = namespace("one", "10.9.0.2/24", "fd09::2/64", bridge="br", gateway=["10.9.0.1", "fd09::1"])
TWO = namespace("two", "10.9.0.3/24", "fd09::3/64", bridge="br")
LISTEN = """
import socket, sys
with socket.create_server((sys.argv[1], 7), family=int(sys.argv[2])) as server:
    print(flush=True)
    connection, _ = server.accept()
    connection.sendall(b"hello")
"""
ASK = """
import socket, sys
print(socket.create_connection((sys.argv[1], 7), timeout=10).recv(9).decode())
"""


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    with Box(tmp_path, around=OWN) as box:
        yield box


def mark(box: Box, name: str) -> Mark:
    return Mark(Place(str(box.home), UnitSpec.parse({**BRIDGE, "name": name}), {}))


def talk(box: Box, server: tuple[str, ...], client: tuple[str, ...], host: str) -> str:
    """What is heard from a server; the words are those that run something at each end."""
    family = "10" if ":" in host else "2"
    python = [sys.executable, "-c"]
    listen = [*enter(box), *server, *python, LISTEN, host, family]
    with subprocess.Popen(listen, stdout=subprocess.PIPE) as process:
        assert process.stdout and process.stdout.readline(), "it listens"
        ask = [*enter(box), *client, *python, ASK, host]
        done = subprocess.run(ask, check=False, capture_output=True, text=True)
        process.kill()
    return done.stdout.strip() or done.stderr


def inside(name: str) -> tuple[str, ...]:
    return ("ip", "netns", "exec", name)


# -- as they should be ----------------------------------------------------------------------------
def test_namespaces_on_a_bridge_reach_each_other(box: Box) -> None:
    box.load(BRIDGE, ONE, TWO)
    assert namespaces(box) == {"one", "two"}
    for host in ("10.9.0.3", "fd09::3"):
        assert talk(box, inside("two"), inside("one"), host) == "hello"
    for host in ("10.9.0.1", "fd09::1"):
        assert talk(box, (), inside("one"), host) == "hello"
    assert "default via 10.9.0.1" in ip(box, "-n", "one", "route")
    assert "default via fd09::1" in ip(box, "-n", "one", "-6", "route")
    assert ip(box, "-n", "two", "route", "show", "default") == ""
    found = links(box)
    assert found["br"]["ifalias"] == f"pm:{box.home}/spots/br"
    assert {name for name, link in found.items() if link.get("master") == "br"} == {
        "pm-one",
        "pm-two",
    }
    box.load()
    until(lambda: not links(box) and not names(box), "everything to be gone")


def test_one_with_an_outer_end_of_its_own(box: Box) -> None:
    routes = [{"to": "10.20.0.0/16", "via": "10.9.1.1"}]
    unit = namespace("alone", "10.9.1.2/30", outer=["10.9.1.1/30"], mtu=1400, routes=routes)
    box.load(unit, namespace("bare"))
    (outer,) = links(box).values()
    inner = links(box, "-n", "alone")["eth0"]
    assert (outer["ifname"], outer["mtu"], inner["mtu"]) == ("pm-alone", 1400, 1400)
    assert talk(box, inside("alone"), (), "10.9.1.2") == "hello"
    assert "10.20.0.0/16 via 10.9.1.1" in ip(box, "-n", "alone", "route")
    # no IPv6 was asked for: there is none, not even of the link
    assert (addresses(outer), addresses(inner)) == ({"10.9.1.1/30"}, {"10.9.1.2/30"})
    assert links(box, "-n", "bare") == {}
    assert talk(box, inside("bare"), inside("bare"), "127.0.0.1") == "hello"


def test_other_parameters_are_another_network(box: Box) -> None:
    box.load(bridge("br", "10.9.0.1/24"))
    box.load(bridge("br", "10.9.0.9/24", name="br-shop"))
    ((name, link),) = links(box).items()
    assert (name, addresses(link)) == ("br-shop", {"10.9.0.9/24"})


# -- drift ----------------------------------------------------------------------------------------
DRIFTS = [
    ("br", "addr del 10.9.0.1/24 dev br", "br lacks 10.9.0.1/24"),
    ("br", "addr add 10.9.0.7/24 dev br", "br has 10.9.0.7/24, too"),
    ("br", "link set dev br down", "br is down"),
    ("one", "-n one addr del fd09::2/64 dev eth0", "eth0 lacks fd09::2/64"),
    ("one", "-n one addr add fd09::9/64 dev eth0", "eth0 has fd09::9/64, too"),
    ("one", "-n one link set lo down", "lo of namespace one is down"),
    ("one", "-n one link set eth0 down", "eth0 is down"),
    ("one", "-n one route del default", "eth0 lacks the route to 0.0.0.0/0 by 10.9.0.1"),
    ("one", "-n one route add 10.1.0.0/16 via 10.9.0.3", "eth0 has a route to 10.1.0.0/16, too"),
    ("one", "link set pm-one mtu 1300", "pm-one has mtu 1300"),
    ("one", "link set pm-one nomaster", "pm-one does not sit on br"),
]


def do(around: tuple[str, ...], step: str, home: Path, unit: dict[str, Any]) -> str:
    """One step as pm has it done; what it says."""
    program = [sys.executable, "-I", "-S", str(installed() / "__main__.py")]
    argv = [*around, *program, "_do", step, str(home)]
    done = subprocess.run(argv, input=json.dumps(unit), text=True, check=False, capture_output=True)
    assert (done.returncode == 0) == (not done.stdout), done.stderr
    return done.stdout.strip()


def test_what_differs_is_told_and_put_right_and_the_rest_stands(tmp_path: Path) -> None:
    one = {**ONE, "network": {**ONE["network"], "mtu": 1400}}
    units = {"br": BRIDGE, "one": one}
    with kept() as around:
        for unit in units.values():
            do(around, "make", tmp_path, unit)
        before = subprocess.check_output([*around, "ip", "-j", "link"])
        for unit, words, why in DRIFTS:
            subprocess.run([*around, "ip", *words.split()], check=True)
            assert do(around, "check", tmp_path, units[unit]) == f"check: {why}"
            for each in ("br", "one"):
                assert do(around, "make", tmp_path, units[each]) == ""
                assert do(around, "check", tmp_path, units[each]) == ""
            after = subprocess.check_output([*around, "ip", "-j", "link"])
            assert indices(after) == indices(before), words


def indices(output: bytes) -> dict[str, int]:
    return {link["ifname"]: link["ifindex"] for link in json.loads(output)}


def test_drift_is_reported_or_healed(box: Box) -> None:
    box.load({**BRIDGE, "drift": "report"}, ONE)
    ip(box, "addr", "del", "10.9.0.1/24", "dev", "br")
    box.order("recheck", "br", status=3)
    assert box.unit("br")["detail"] == "drift: br lacks 10.9.0.1/24"
    index = links(box)["pm-one"]["ifindex"]
    ip(box, "-n", "one", "addr", "del", "10.9.0.2/24", "dev", "eth0")
    box.pm("recheck", "one")
    box.wait("one", "RUNNING")
    assert "10.9.0.2/24" in addresses(links(box, "-n", "one")["eth0"])
    assert links(box)["pm-one"]["ifindex"] == index


def test_a_pair_that_was_removed_is_made_anew(box: Box) -> None:
    box.load(BRIDGE, ONE)
    ip(box, "link", "del", "pm-one")
    box.pm("recheck", "one")
    box.wait("one", "RUNNING")
    assert links(box)["pm-one"]["master"] == "br"
    assert talk(box, inside("one"), (), "10.9.0.2") == "hello"


# -- the end --------------------------------------------------------------------------------------
def test_one_in_use_stays_and_says_by_whom(box: Box) -> None:
    box.load({**namespace("one"), "stop_timeout": 1500})
    stay = [*enter(box), *inside("one"), "sh", "-c", "echo && exec sleep 1000"]
    with subprocess.Popen(stay, stdout=subprocess.PIPE) as user:
        assert user.stdout and user.stdout.readline()
        box.order("stop", "one", status=3)
        unit = box.unit("one")
        assert unit["state"] == "FAIL"
        assert "namespace one is in use by pid" in unit["detail"]
        assert str(user.pid) in unit["detail"]
        assert namespaces(box) == {"one"}
        user.kill()
    box.order("reset-failed", "one")
    ip(box, "netns", "del", "one")


def test_a_bridge_goes_after_what_sits_on_it(box: Box) -> None:
    bridge = {**BRIDGE, "stop_timeout": 1500}
    box.load(bridge)
    box.load(bridge, {**ONE, "needs": []})
    box.order("stop", "br", status=3)
    assert box.unit("br")["detail"].endswith("br is in use: pm-one on it")
    assert {"br", "pm-one"} == set(links(box))


def test_nothing_is_left_after_the_death_of_pm_and_another_plan(tmp_path: Path) -> None:
    """It is made, and its pm dies before it writes down more than that it owes; what it made by is
    not in the next plan any more."""
    with kept() as around, Box(tmp_path, around=around) as box:
        box.load(BRIDGE, ONE)
        other = {**ONE, "network": {**ONE["network"], "name": "other"}}
        box.kill(before=lambda: box.parameter("one", other))
        box.wait("one", "RUNNING")
        assert namespaces(box) == {"other"}
        assert set(links(box)) == {"br", "pm-other"}
        box.kill()
        box.load()
        until(lambda: not links(box) and not names(box), "everything to be gone")


def test_the_first_ones_are_made_at_once(box: Box) -> None:
    """The folder of names gets its mount once; none of them ends up below it."""
    each = {f"n{number:02}" for number in range(16)}
    box.load(*(namespace(name) for name in each))
    assert namespaces(box) == each
    mounts = (box.root().parent / "mountinfo").read_text().splitlines()
    places = [row.split()[4] for row in mounts]
    assert [places.count(f"/run/netns/{name}") for name in sorted(each)] == [1] * len(each)


def test_what_was_cut_off_while_it_was_made_is_ours(box: Box) -> None:
    """A bridge and a pair without an alias, a name without a namespace."""
    ip(box, "link", "add", "name", "br", "group", str(mark(box, "br").group), "type", "bridge")
    folder = box.root() / "run/netns"
    folder.mkdir(exist_ok=True)
    (folder / "two").touch()
    box.load(BRIDGE, ONE, TWO)
    assert links(box)["br"]["ifalias"] == f"pm:{box.home}/spots/br"
    assert links(box)["br"]["group"] == "default"
    ip(box, "link", "del", "pm-one")
    group = str(mark(box, "one").group)
    pair = ["pm-one", "group", group, "type", "veth", "peer", "name", "eth0", "group", group]
    ip(box, "-n", "one", "link", "add", "name", *pair)
    box.pm("recheck", "one")
    box.wait("one", "RUNNING")
    assert talk(box, inside("one"), inside("two"), "10.9.0.2") == "hello"
    box.load()
    until(lambda: not links(box) and not names(box), "everything to be gone")


# -- others' --------------------------------------------------------------------------------------
def test_a_link_of_somebody_else_is_left_alone(box: Box) -> None:
    ip(box, "link", "add", "name", "br", "type", "bridge")
    ip(box, "link", "add", "name", "pm-one", "type", "bridge")
    ip(box, "netns", "add", "two")
    one = namespace("one", "10.9.1.2/30", outer=["10.9.1.1/30"])
    once = {"restart": "never"}
    box.load(*({**unit, **once} for unit in (BRIDGE, one, namespace("two"))), status=3)
    for name, what in (("br", "br"), ("one", "pm-one"), ("two", "namespace two")):
        assert f"{what} is there already, and pm did not make it" in box.unit(name)["detail"]
    box.load()
    until(lambda: names(box) == {"two"}, "the other namespace to go")
    found = links(box)
    assert set(found) == {"br", "pm-one"}
    assert not found["br"]["addr_info"] and "UP" not in found["br"]["flags"]


def test_a_link_of_another_unit_is_left_alone(box: Box) -> None:
    box.load(bridge("a", "10.9.0.1/24", name="br"), namespace("one"))
    both = (bridge("a", "10.9.0.1/24", name="br"), namespace("one"))
    others = (bridge("b", name="br"), namespace("c", name="one"))
    box.load(*both, *({**unit, "restart": "never"} for unit in others), status=3)
    for name, what, owner in (("b", "br", "a"), ("c", "namespace one", "one")):
        wanted = f"{what} belongs to another unit: {box.home}/spots/{owner}"
        assert wanted in box.unit(name)["detail"]
    box.load(*both)
    assert addresses(links(box)["br"]) == {"10.9.0.1/24"}
    assert namespaces(box) == {"one"}


def test_a_bridge_that_is_not_there(box: Box) -> None:
    said = box.load({**ONE, "needs": [], "restart": "never"}, status=3)
    assert "there is no bridge br: name the unit" in said
    box.load()
    until(lambda: not names(box), "the namespace to go")


def test_addresses_of_routers_are_not_taken(box: Box) -> None:
    """Who advertises on the bridge brings no way into the namespace."""
    box.load(BRIDGE, ONE)
    folder = "/proc/sys/net/ipv6/conf"
    read = [*enter(box), *inside("one"), "cat", f"{folder}/eth0/accept_ra"]
    assert subprocess.run(read, check=True, capture_output=True).stdout == b"0\n"
    off = ["sh", "-c", f"echo 0 >{folder}/pm-one/disable_ipv6"]
    subprocess.run([*enter(box), *off], check=True)
    box.pm("recheck", "one")
    box.wait("one", "RUNNING")
    assert addresses(links(box)["pm-one"]) == set()


def test_a_bridge_that_pm_did_not_make_is_only_sat_on(box: Box) -> None:
    ip(box, "link", "add", "name", "br0", "mtu", "1300", "type", "bridge")
    box.load({**namespace("one", "10.9.0.2/24", bridge="br0"), "needs": []})
    assert links(box)["pm-one"]["master"] == "br0"
    box.load()
    until(lambda: set(links(box)) == {"br0"}, "the outer end to go")
