"""What a node shows is read with doubt."""

from __future__ import annotations

import base64
import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enve.core import look
from enve_pm.core.refusal import FormatError

STAT = b"42 (py (x) y) S " + b" ".join(b"%d" % n for n in range(4, 22)) + b" 777 0 0"
STATUS = {"v": 1, "pid": 42, "start": 777, "boot": "b-1", "version": "1", "hash": "", "wall": 1}
CLAIM = {
    "head": base64.b64encode(b"head").decode(),
    "sigs": [base64.b64encode(b"sig").decode()],
    "header": {"v": 1, "node": "n1", "lane": "main", "salt": "0" * 32},
    "leaf": "a" * 64,
    "proof": {"index": 0, "path": ["b" * 64]},
    "hashes": {"web": "c" * 64},
    "serial": 3,
    "active": 3,
    "manual": ["web"],
}
HELD = {"v": 1, "range": [1, 1], "node": "n1", "lanes": {"main": CLAIM}, "blobs": ["d" * 64]}


def answer(held: Any = HELD, status: Any = STATUS, stat: bytes = STAT, boot: str = "b-1") -> bytes:
    rows = [("uname", b"Linux"), ("now", b"1700000000"), ("boot", boot.encode()), ("pm", stat)]
    rows += [("status", json.dumps(status).encode()), ("held", json.dumps(held).encode())]
    return b"".join(b"== %s\n%s\n" % (name.encode(), line) for name, line in rows)


def test_a_whole_answer() -> None:
    seen = look.parse(answer())
    assert (seen.now, seen.alive, seen.flaw, seen.versions) == (1_700_000_000, True, "", (1, 1))
    assert seen.blobs == {"d" * 64}
    lane = seen.lanes["main"]
    assert (lane.head, lane.sigs, lane.manual) == (b"head", (b"sig",), ("web",))
    assert (lane.proof, lane.hashes) == (CLAIM["proof"], {"web": "c" * 64})


@pytest.mark.parametrize(
    "changed",
    [
        {"stat": b"-"},
        {"stat": b""},
        {"stat": STAT.replace(b"42", b"43", 1)},
        {"stat": STAT.replace(b" 777 ", b" 778 ")},
        {"stat": STAT.replace(b") S ", b") Z ")},
        {"boot": "b-2"},
        {"status": {}},
        {"status": []},
    ],
)
def test_a_pm_is_alive_only_if_it_is_the_one_that_wrote_the_status(changed: Any) -> None:
    assert not look.parse(answer(**changed)).alive


def test_a_fresh_node_holds_nothing() -> None:
    seen = look.parse(b"== now\n17\n== held\n-\n== status\n-\n== pm\n-\n")
    assert (seen.lanes, seen.flaw, seen.alive, seen.installed) == ({}, "", False, True)


def test_a_node_without_pm_says_so() -> None:
    assert not look.parse(b"== absent\n").installed


@pytest.mark.parametrize("data", [b"", b"hello", b"== now\n", b"== now\n-1\n", b"== now\nx\n"])
def test_without_a_clock_it_is_no_answer(data: bytes) -> None:
    with pytest.raises(FormatError):
        look.parse(data)


@pytest.mark.parametrize("key", ["head", "sigs", "header", "leaf", "proof", "hashes"])
@pytest.mark.parametrize("value", [None, 1, "x", [1], {"a": 1}])
def test_a_wrong_claim_is_a_flaw_and_holds_nothing(key: str, value: Any) -> None:
    seen = look.parse(answer({**HELD, "lanes": {"main": {**CLAIM, key: value}}}))
    assert seen.flaw
    assert seen.lanes == {}


@given(st.binary(max_size=60), st.integers(0, 900))
def test_cut_and_fuzzed_answers_never_raise_but_format_errors(noise: bytes, at: int) -> None:
    data = answer()
    for tried in (data[:at], data[:at] + noise + data[at + len(noise) :]):
        with suppress(FormatError):
            look.parse(tried)
