"""A key of a narrow scope, and a node's memory of what it holds: nothing that the node accepts is
unreadable after its next start, and what is unreadable (a bad disk) lets no old plan in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.node.trust import forge
from tests.node.trust.bench import Bench, Keys

pytestmark = pytest.mark.real
LARGE = {f"A{number}": "x" * 30_000 for number in range(30)}  # 900 KB: more than half a part
FIRST = forge.Plan.of({"web": forge.line("web"), "db": forge.line("db", env=LARGE)})
SECOND = FIRST.after({"web": forge.line("web", nice=1), "db": forge.line("db", env=LARGE)})


@pytest.fixture(scope="module")
def keys() -> Iterator[Keys]:
    made = Keys(["alice", "thief"])
    yield made
    made.home.close()


@pytest.fixture
def bench(keys: Keys, tmp_path: Path) -> Bench:
    """A node that holds SECOND."""
    holes = [
        forge.keyhole(keys["alice"]),
        forge.keyhole(keys["thief"], "thief", scope=["web1.web"]),
    ]
    made = Bench(tmp_path, forge.blueprint(holes), keys.rings)
    for plan in (FIRST, SECOND):
        assert made.ask(plan.stream(keys.sign("alice"))).verdict == "accepted"
    return made


def test_a_delta_makes_no_part_that_cannot_be_read_again(bench: Bench, keys: Keys) -> None:
    """Two halves, each of a size that travels, are more than a part together. After the next start
    the lane would be gone, with the spots of others, and its oldest plan new again."""
    before = bench.state()
    grown = SECOND.after({**SECOND.parts["web1"].lines, "web": forge.line("web", env=LARGE)})
    ack = bench.ask(grown.stream(keys.sign("thief"), held=SECOND.parts["web1"].hashes))
    assert (ack.verdict, ack.code) == ("rejected", "format"), ack
    assert "together" in ack.reason
    assert bench.state() == before
    bench.boot()
    assert bench.acceptor.plans.damaged == {}


@pytest.fixture
def damaged(bench: Bench, capfd: pytest.CaptureFixture[str]) -> Bench:
    path = bench.home / "plans" / "main" / str(SECOND.serial) / "part"
    path.write_bytes(path.read_bytes()[:-3])
    bench.boot()
    assert "main" in bench.acceptor.plans.damaged
    assert "lane main" in capfd.readouterr().err
    return bench


def test_an_old_plan_stays_old_where_the_held_one_is_damaged(damaged: Bench, keys: Keys) -> None:
    ack = damaged.ask(FIRST.stream(keys.sign("alice")))
    assert (ack.verdict, ack.code) == ("rejected", "replay"), ack
    other = FIRST.after({"web": forge.line("web", nice=9)})
    assert damaged.ask(other.stream(keys.sign("alice"))).code == "equivocation"
    assert damaged.acceptor.seen("main") == SECOND.serial


def test_the_damaged_plan_itself_or_the_next_mends_it(damaged: Bench, keys: Keys) -> None:
    same = SECOND.stream(keys.sign("alice"), held=SECOND.parts["web1"].hashes)
    assert damaged.ask(same).verdict == "need-full"
    assert damaged.ask(SECOND.stream(keys.sign("alice"))).verdict == "accepted"
    assert damaged.acceptor.plans.damaged == {}
    assert damaged.acceptor.held() == {"main": dict(SECOND.parts["web1"].lines)}
    assert damaged.ask(SECOND.stream(keys.sign("alice"))).verdict == "duplicate"


def test_floors_hold_beside_what_is_held_and_broken_ones_let_nothing_in(
    bench: Bench, keys: Keys
) -> None:
    floors = bench.home / "trust" / "floors.json"
    floors.write_text('{"v":1,"floors":{"main":70000}}')
    web = {"web": forge.line("web")}
    sign = keys.sign("alice")
    assert bench.ask(SECOND.after(web).stream(sign)).code == "replay"
    floors.write_text('{"v":1,"floors":{"main":"many"}}')
    assert bench.ask(SECOND.after(web).stream(sign)).code == "keyhole"
    floors.write_text('{"v":1,"floors":{"main":70000}}')
    assert bench.ask(SECOND.after(web, serial=70_000).stream(sign)).verdict == "accepted"
