"""A node's answer read: whole, cut at every byte, made up, and hostile."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.controller.deploy import probes
from tests.controller.deploy.probes import HASH, alive, answer, deployed

from enve.core import probeanswer
from enve.errors import NodeFailure


def test_a_healthy_node() -> None:
    found = probeanswer.parse(answer(deployed=deployed(), **alive()))
    assert (found.uid, found.user, found.login_home) == (1000, "alice", "/home/alice")
    assert (found.system, found.hostname, found.machine) == ("Linux", "web1", "x86_64")
    assert (found.memory, found.cores, found.free) == (24_684_092, 8, 82_506_208)
    assert found.distribution["id"] == "debian"
    assert found.deployed.program == HASH
    assert (found.alive.pid, found.alive.program) == (77, HASH)
    assert found.python is not None
    assert found.python.path == "/usr/bin/python3"


@pytest.mark.parametrize(
    "changes",
    [
        {"pm": ""},
        {"pm": "77 (pm) Z " + "0 " * 18 + "4242 0"},
        {"pm": "77 (pm) S " + "0 " * 18 + "9999 0"},
        {"pm": "78 (pm) S " + "0 " * 18 + "4242 0"},
        {"boot": "other"},
        {"status": "{}"},
        {"status": '{"units":{"a":{"pid":77}}}'},
    ],
)
def test_a_pm_that_does_not_live(changes: dict[str, str]) -> None:
    assert probeanswer.parse(answer(**{**alive(), **changes})).alive.pid == 0


def test_every_cut_is_an_error_or_a_whole_answer() -> None:
    whole = answer(deployed=deployed(), **alive())
    for length in range(len(whole)):
        try:
            probeanswer.parse(whole[:length])
        except NodeFailure:
            continue
        assert whole[:length].rstrip().endswith(b"== end")


@given(st.binary(max_size=2000))
def test_anything_is_read_or_refused(data: bytes) -> None:
    with pytest.raises(NodeFailure):
        probeanswer.parse(data)


@given(st.sampled_from(sorted(probes.answer().decode().split("== "))[1:]), st.text(max_size=300))
def test_a_hostile_section_breaks_nothing(section: str, text: str) -> None:
    name = section.split("\n", maxsplit=1)[0]
    try:
        found = probeanswer.parse(answer(**{name: text.replace("== ", "")}))
    except NodeFailure:
        return
    assert "\x1b" not in f"{found.user}{found.hostname}{found.home}{found.changed}"


@pytest.mark.parametrize(
    "text", ["[]", "3", '{"v":2}', '{"v":1,"keys":[1],"when":"x"}', "[" * 9999]
)
def test_what_was_written_down_may_be_anything(text: str) -> None:
    found = probeanswer.parse(answer(deployed=text))
    assert (found.deployed.program, dict(found.deployed.keys)) == ("", {})


def test_a_node_tells_no_more_than_can_be_kept() -> None:
    many = "\n".join(f"\x1b[2J{number}={'x' * 300}" for number in range(5000))
    found = probeanswer.parse(answer(os=many, init=many, python=many))
    assert len(found.distribution) == 64
    assert len(found.init) == 16
    assert len(found.pythons) == 64
    kept = repr((found.distribution, found.init))
    assert "\x1b" not in kept
    assert len(kept) < 64 * 300
