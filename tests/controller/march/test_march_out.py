"""Plans signed for later, secrets, and files that travel beside."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.controller.march.desk import Desk, blob, file, line, plan
from tests.controller.march.simnode import SimFleet
from tests.controller.march.story import refused, run, story

from enve.app import signedread
from enve.errors import (
    InputError,
    MissingError,
    RefusedError,
)

pytestmark = pytest.mark.real  # gpg and gpgv
Fleet = Callable[..., SimFleet]


@story
async def test_out_writes_a_plan_that_another_march_sends(
    alice: Desk, stranger: Desk, fleet: Fleet, tmp_path: Path
) -> None:
    nodes, conf = fleet(2), blob(b"conf")
    big = blob(b"B" * 100_000)
    tar = {"kind": "tar", "sha256": big.sha256, "size": big.size}
    lines = [line("web", files={"f": file(conf)}, product=tar)]
    shop = plan({"n1": lines, "n2": lines}, conf, big)
    out = tmp_path / "plan.signed"
    assert await run(alice, nodes, shop, out=out) == 0
    assert [sim.log for sim in nodes.sims.values()] == [["look"]] * 2
    folder = tmp_path / "blobs"
    folder.mkdir()
    content = signedread.read(out, folder)
    again = replace(shop, blobs=content.blobs)
    keyless = replace(stranger, events=[])
    assert await run(keyless, nodes, again, signed=content.plan) == 0
    assert nodes.sims["n1"].log == ["look", "look", "lease", "put", "send"]
    assert nodes.sims["n1"].blobs[big.sha256] == b"B" * 100_000
    assert await run(keyless, nodes, again, signed=content.plan) == 0
    assert keyless.verdicts == {"n1": "unsent", "n2": "unsent"}
    await run(alice, nodes, plan({"n1": [line("db")], "n2": [line("db")]}))
    told = await refused(keyless, nodes, RefusedError, again, signed=content.plan)
    assert "older than what nodes hold" in told.message


@story
async def test_out_is_refused_with_secrets(alice: Desk, fleet: Fleet, tmp_path: Path) -> None:
    nodes = fleet(1)
    shop = plan({"n1": [line("web", env={"P": "hunter2"})]}, secrets=frozenset({"hunter2"}))
    told = await refused(alice, nodes, InputError, shop, out=tmp_path / "x")
    assert "secrets" in told.message
    assert nodes.sims["n1"].log == []


@story
async def test_what_cannot_be_written_is_told_before_anything_is_signed(
    alice: Desk, fleet: Fleet, tmp_path: Path
) -> None:
    nodes, shop = fleet(1), plan({"n1": [line("web")]})
    told = await refused(alice, nodes, MissingError, shop, out=tmp_path / "none" / "x")
    assert "none/x: No such file or directory; nothing was signed or sent" in told.message
    assert alice.history.entries() == []
    alice.state.mkdir(exist_ok=True)
    (alice.state / "main").write_text("")
    told = await refused(alice, nodes, MissingError, shop)
    assert told.message.endswith("nothing was signed or sent")


@story
async def test_old_and_new_secrets_are_never_shown(alice: Desk, fleet: Fleet) -> None:
    nodes = fleet(1)
    for value in ("hunter2", "swordfish"):
        secret = blob(value.encode(), secret=True)
        lines = [line("web", env={"P": value}, files={"pw": file(secret)})]
        shop = plan({"n1": lines}, secret, secrets=frozenset({value}))
        assert await run(alice, nodes, shop, show_diff=True) == 0
        assert "hunter2" not in str(alice.events)
        assert "swordfish" not in str(alice.events)
    assert alice.differences[0].changes[0].detail == "pw (secret), env P"


@story
async def test_an_artifact_travels_only_where_it_lacks(alice: Desk, fleet: Fleet) -> None:
    nodes, big = fleet(2), blob(b"B" * 100_000)
    nodes.sims["n2"].blobs[big.sha256] = b"B" * 100_000
    tar = {"kind": "tar", "sha256": big.sha256, "size": big.size}
    shop = plan({name: [line("web", product=tar)] for name in nodes.sims}, big)
    assert await run(alice, nodes, shop) == 0
    assert [sim.log.count("put") for sim in nodes.sims.values()] == [1, 0]


# -- spots that move, and Ctrl-C ------------------------------------------------------------------
