"""One delivery under every kind of trouble: the answer never claims more than is known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.controller.march.desk import Desk, blob, line, plan
from tests.controller.march.simnode import SimFleet
from tests.controller.march.story import story

from enve.app.follow import Delivery, last_answer
from enve.core import look as looks
from enve.core.streams import Packed
from enve.host.base import Completed
from enve.model.march import Answer, Look
from enve_pm.wire import record

pytestmark = pytest.mark.real  # gpg and gpgv
Fleet = Callable[..., SimFleet]
NONCE = "ab" * 8


def ack(verdict: str, *, final: bool = True, nonce: str = NONCE) -> bytes:
    return record.encode_ack(record.Ack(final, nonce, verdict, "", "", 3, "main", {}))


@pytest.mark.parametrize(
    ("printed", "word"),
    [
        (b"", None),
        (b"motd of the day\n", None),
        (ack("accepted", final=False), "accepted"),
        (ack("accepted", final=False) + ack("applied"), "applied"),
        (ack("applied", nonce="00" * 8), None),
        (ack("applied") + ack("failed"), "applied"),  # nothing counts after the last word
        (b"{}\n{broken\n" + ack("applied"), "applied"),
        (ack("applied")[:-10], None),
    ],
)
def test_the_last_ack_of_this_attempt_counts(printed: bytes, word: str | None) -> None:
    found = last_answer(printed, NONCE)
    assert (found.word if found else None) == word


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        (Completed(3, b"", b"pm down\n"), ("failed", 3, "its pm does not run")),
        (Completed(3, b"", b"pipe missing\n"), ("failed", 3, "its pipe is missing")),
        (Completed(5, b"", b"march: no right to write /p\n"), ("rejected", 5, "no right to write")),
        (Completed(69, b"", b"march: this node lacks x\n"), ("failed", 3, "lacks x")),
        (Completed(124, b"", b""), ("unknown", 124, "deadline")),
        (Completed(-9, b"", b"Killed\n"), ("unknown", 124, "Killed")),
        (Completed(1, b"", b""), ("unknown", 124, "ended with 1")),
    ],
)
def test_what_the_writer_says_instead(
    alice: Desk, fleet: Fleet, said: Completed, wanted: tuple[str, int, str]
) -> None:
    word, code, told = wanted

    @story
    async def run() -> None:
        nodes = fleet(1)
        nodes.sims["n1"].writer = said
        async with nodes:
            assert await alice.march(nodes, plan({"n1": [line("web")]})).run() == code

    run()
    assert alice.verdicts == {"n1": word}
    assert told in alice.results["n1"].detail


@story
async def test_a_connection_lost_twice_leaves_it_unknown(alice: Desk, fleet: Fleet) -> None:
    nodes = fleet(1)
    sim = nodes.sims["n1"]
    sim.drop_after_send = 1
    march = alice.march(nodes, plan({"n1": [line("web")]}))

    def gone() -> None:
        sim.unreachable = "timed out"

    sim.at_lease = gone
    async with nodes:
        assert await march.run() == 124
    assert alice.verdicts == {"n1": "unknown"}
    assert alice.history.entries()[0].may_reach("n1")


@story
async def test_a_full_inbox_fails_the_node_before_anything_is_sent(
    alice: Desk, fleet: Fleet
) -> None:
    nodes, big = fleet(2), blob(b"B" * 100_000)
    tar = {"kind": "tar", "sha256": big.sha256, "size": big.size}
    nodes.sims["n1"].put_status = 3
    shop = plan({name: [line("web", product=tar)] for name in nodes.sims}, big)
    async with nodes:
        assert await alice.march(nodes, shop).run() == 3
    assert alice.verdicts == {"n1": "failed", "n2": "applied"}
    assert "the inbox is full" in alice.results["n1"].detail
    assert "send" not in nodes.sims["n1"].log


@story
async def test_a_file_that_goes_meanwhile_fails_the_nodes_that_lack_it(
    alice: Desk, fleet: Fleet, tmp_path: Path
) -> None:
    nodes, data = fleet(2), b"B" * 100_000
    (tmp_path / "tar").write_bytes(data)
    big = replace(blob(data), data=None, path=tmp_path / "tar")
    tar = {"kind": "tar", "sha256": big.sha256, "size": big.size}
    shop = plan({"n1": [line("web", product=tar)], "n2": [line("web")]}, big)
    nodes.sims["n2"].at_lease = (tmp_path / "tar").unlink
    async with nodes:
        assert await alice.march(nodes, shop).run() == 3
    assert alice.verdicts == {"n1": "failed", "n2": "applied"}
    assert f"{tmp_path}/tar: cannot be read: No such file" in alice.results["n1"].detail
    assert "send" not in nodes.sims["n1"].log


@story
async def test_a_mistake_of_ours_at_one_node_does_not_stop_the_others(
    alice: Desk, fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    nodes = fleet(2)
    real = Delivery._send

    async def broken(delivery: Delivery, packed: Packed) -> Answer:
        if delivery.visit.name == "n1":
            raise KeyError("x")
        return await real(delivery, packed)

    monkeypatch.setattr(Delivery, "_send", broken)
    async with nodes:
        assert await alice.march(nodes, plan({n: [line("web")] for n in nodes.sims})).run() == 4
    assert alice.verdicts == {"n1": "unreachable", "n2": "applied"}
    assert "unexpected: KeyError: 'x'; nothing was sent" in alice.results["n1"].detail


@story
async def test_nor_does_one_at_its_first_look(
    alice: Desk, fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    nodes, real = fleet(2), looks.parse

    def broken(raw: bytes) -> Look:
        monkeypatch.setattr(looks, "parse", real)
        raise KeyError("x")

    monkeypatch.setattr(looks, "parse", broken)
    async with nodes:
        assert await alice.march(nodes, plan({n: [line("web")] for n in nodes.sims})).run() == 1
    assert sorted(result.outcome for result in alice.results.values()) == ["changed", "unexpected"]


@story
async def test_a_node_that_takes_its_files_too_slowly(
    alice: Desk, fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    nodes, big = fleet(1), blob(b"B" * 100_000)
    tar = {"kind": "tar", "sha256": big.sha256, "size": big.size}

    async def late(*_: object, **__: object) -> None:
        raise TimeoutError

    monkeypatch.setattr(Delivery, "_put", late)
    async with nodes:
        assert await alice.march(nodes, plan({"n1": [line("web", product=tar)]}, big)).run() == 124
    assert alice.verdicts == {"n1": "deadline"}
    assert "nothing was sent" in alice.results["n1"].detail
    assert not alice.history.entries()[0].may_be_held


@story
async def test_need_full_after_the_whole_part_is_a_failure(
    alice: Desk, fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    nodes = fleet(1)
    sim = nodes.sims["n1"]
    monkeypatch.setattr(sim, "_judge", lambda stream: ("need-full", "", "", 0))
    async with nodes:
        assert await alice.march(nodes, plan({"n1": [line("web")]})).run() == 3
    assert (alice.verdicts, sim.log.count("send")) == ({"n1": "need-full"}, 1)


@story
async def test_need_full_that_came_over_a_lost_connection_is_obeyed(
    alice: Desk, fleet: Fleet
) -> None:
    nodes, long = fleet(1), line("web", env={"LONG": "x" * 400})
    sim = nodes.sims["n1"]
    async with nodes:
        await alice.march(nodes, plan({"n1": [long]})).run()
        sim.forget, sim.drop_after_send = True, 1
        assert await alice.march(nodes, plan({"n1": [long, line("db")]})).run() == 0
    assert sim.kinds == ["part", "delta", "part"]
    assert sim.log == ["look", "lease", "send", "look", "lease", "send", "ack", "send"]


def test_an_accepted_plan_without_a_last_word_is_not_called_applied() -> None:
    found = last_answer(ack("accepted", final=False), NONCE)
    assert found == Answer("accepted", False, serial=3)
