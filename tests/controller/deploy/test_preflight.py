"""Every lack of a node has its name and its remedy."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.controller.deploy.probes import NOW, answer

from enve.core import preflight, probeanswer
from enve.model.site import Connection, Node

USER = Node("web1", Connection())
SYSTEM = replace(USER, install="system")
ALPINE = 'ID=alpine\nPRETTY_NAME="Alpine"'
UBUNTU = "ID=ubuntu"

LACKS = [
    ({"python": ""}, USER, "there is no Python", "apt-get install python3"),
    ({"python": "", "os": ALPINE}, USER, "there is no Python", "apk add python3"),
    ({"python": "", "os": ""}, USER, "there is no Python", "package python3"),
    (
        {"python": "lacks 3.11.2 /usr/bin/python3 json ctypes zipfile", "os": UBUNTU},
        USER,
        "lacks json ctypes zipfile",
        "apt-get install python3",
    ),
    ({"python": "old 3.6.8 /usr/bin/python3"}, USER, "found Python 3.6.8", "newer Python"),
    ({"python": "broken ? python3"}, USER, "found Python ?", "newer Python"),
    ({"tools": "flock timeout dd mkfifo"}, USER, "there is no gpgv", "apt-get install gpgv"),
    ({"tools": "gpgv timeout dd mkfifo"}, USER, "there is no flock", "util-linux"),
    ({"disk": "read-only /home/alice"}, USER, "can't be written by alice", "home"),
    (
        {"disk": "writable\nhead\n/dev/x 100 90 10 90% /"},
        USER,
        "10 KiB are free",
        "make room",
    ),
    ({"now": "0"}, USER, "behind", "clock"),
    ({"now": str(NOW + 90_000)}, USER, "1 days ahead", "clock"),
    ({}, SYSTEM, "needs root, the login is alice", "-b"),
    (
        {"who": "0\nroot\n/root", "pipe": "/run/pm/default.pipe"},
        USER,
        "(/run/pm/default.pipe) is a system install",
        "install: system",
    ),
    ({"uname": "FreeBSD b 14 amd64"}, USER, "Linux only", ""),
    ({"home": "~nobody/pm"}, USER, "wanted an absolute path", "home"),
]


@pytest.mark.parametrize(("changes", "node", "told", "remedy"), LACKS)
def test_a_lack_is_told_with_its_remedy(
    changes: dict[str, str], node: Node, told: str, remedy: str
) -> None:
    found = preflight.lacks(node, probeanswer.parse(answer(**changes)), NOW)
    assert len(found) == 1
    assert told in found[0].message
    assert remedy in found[0].hint
    assert found[0].code == 3


def test_minimal_python_of_debian_is_named() -> None:
    found = preflight.lacks(
        USER, probeanswer.parse(answer(python="lacks 3.11.2 /usr/bin/python3 json")), NOW
    )
    assert "python3-minimal" in found[0].notes[0]


def test_a_healthy_node_lacks_nothing() -> None:
    healthy = probeanswer.parse(answer())
    assert preflight.lacks(USER, healthy, NOW) == []
    assert preflight.warnings(healthy, NOW) == []
    root = probeanswer.parse(answer(who="0\nroot\n/root"))
    assert preflight.lacks(SYSTEM, root, NOW) == []


def test_all_lacks_are_told_at_once() -> None:
    found = preflight.lacks(SYSTEM, probeanswer.parse(answer(python="", tools="", now="0")), NOW)
    assert len(found) == 8


@pytest.mark.parametrize(
    ("off", "warned"), [(0, False), (299, False), (301, True), (-86_000, True)]
)
def test_a_clock_that_is_off_is_warned_of(off: int, warned: bool) -> None:
    found = probeanswer.parse(answer(now=str(NOW + off)))
    assert bool(preflight.warnings(found, NOW)) is warned
    assert preflight.lacks(USER, found, NOW) == []


def test_a_disk_of_unknown_size_is_no_lack() -> None:
    assert preflight.lacks(USER, probeanswer.parse(answer(disk="writable")), NOW) == []
