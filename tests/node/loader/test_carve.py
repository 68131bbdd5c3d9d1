"""Out of a signed plan for a fleet comes what one node needs; out of anything else, a refusal."""

from __future__ import annotations

import io
import os
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.node.trust import forge

from enve_pm.core.refusal import FormatError
from enve_pm.core.unit import UnitError
from enve_pm.loader.carve import SMALL, carve
from enve_pm.loader.trouble import Nothing
from enve_pm.wire import head as heads
from enve_pm.wire import merkle
from enve_pm.wire import stream as streams

SMALL_FILE, LARGE_FILE = b"small\n", os.urandom(SMALL + 1)


def named(data: bytes) -> dict[str, object]:
    return {"sha256": sha256(data).hexdigest(), "size": len(data), "mode": 0o600}


def made() -> forge.Plan:
    files = {"small": named(SMALL_FILE), "large": named(LARGE_FILE)}
    parts = {f"n{i}": forge.part({"web": forge.line("web")}, f"n{i}") for i in range(7)}
    parts["web1"] = forge.part({"web": forge.line("web", files=files)})
    return forge.Plan(parts)


PLAN = made()
WHOLE = forge.plan_file(PLAN, [lambda data: b"one", lambda data: b"two"], [SMALL_FILE, LARGE_FILE])


@pytest.mark.parametrize("node", sorted(PLAN.parts))
def test_the_share_of_each_node(node: str, tmp_path: Path) -> None:
    found = streams.decode(carve(io.BytesIO(WHOLE), node, str(tmp_path)))
    assert (found.head, found.sigs, found.kind) == (PLAN.head, (b"one", b"two"), "part")
    assert found.body == PLAN.parts[node].encode()
    proof, head = heads.parse_proof(found.proof), heads.parse(found.head)
    leaf = PLAN.parts[node].leaf()
    assert merkle.verify(leaf, proof.index, head.n, proof.path, bytes.fromhex(head.root))
    own = node == "web1"
    assert found.blobs == ((SMALL_FILE,) if own else ())
    assert [file.read_bytes() for file in tmp_path.iterdir()] == ([LARGE_FILE] if own else [])


def test_a_stream_stays_as_it_is(tmp_path: Path) -> None:
    data = PLAN.stream(lambda data: b"one", node="n1")
    assert carve(io.BytesIO(data), "web1", str(tmp_path)) == data


@pytest.mark.parametrize(("data", "node"), [(b"", "n1"), (WHOLE, "elsewhere")])
def test_nothing_for_this_node(data: bytes, node: str, tmp_path: Path) -> None:
    with pytest.raises(Nothing):
        carve(io.BytesIO(data), node, str(tmp_path))


@pytest.mark.parametrize(
    "data",
    [
        b"<html>404</html>",
        b"enve-stream 1\n",
        b"enve-stream 2\nx",
        b"enve-plan 1\n",
        WHOLE[:-7],
        WHOLE.replace(b"\nend 0", b"\npart 9"),
        WHOLE.replace(b"\nend 0", b"\nblob 99999999999999"),
        b"enve-plan 1\nhead 99999999\n",
        b"enve-plan 1\nsig 99999\n",
        b"enve-plan 1\nnames 99999999999999999999\n",
        PLAN.stream(lambda data: b"one") + bytes(streams.SIZE),
    ],
)
def test_other_things(data: bytes, tmp_path: Path) -> None:
    with pytest.raises(FormatError):
        carve(io.BytesIO(data), "web1", str(tmp_path))


FIRST = WHOLE[: WHOLE.index(b"names")]


@given(st.data())
def test_a_plan_that_was_bent_is_a_refusal_too(data: st.DataObject) -> None:
    """Or comes out whole: what was bent is found by the signature."""
    at = data.draw(st.integers(0, len(FIRST) - 1))
    cut = data.draw(st.integers(at, min(len(FIRST), at + 40)))
    bent = FIRST[:at] + data.draw(st.binary(max_size=40)) + FIRST[cut:] + b"end 0\n\n"
    with suppress(FormatError, UnitError, Nothing):
        streams.decode(carve(io.BytesIO(bent), "web1", "/nowhere"))
