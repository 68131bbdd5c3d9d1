"""The acceptor from frame to ack: who is answered what, and what pm is given to apply."""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from tests.node.trust import forge
from tests.node.trust.bench import Bench, Keys
from tests.node.trust.brittle import Brittle

from enve_pm.core import reading
from enve_pm.core.canonical import loads
from enve_pm.core.unit import UnitSpec
from enve_pm.shell.plan.acks import ACCEPTED, REFUSED, Acks
from enve_pm.shell.plan.answers import MOST, Accepted, Answers, Asked
from enve_pm.shell.plan.attempt import Answer
from enve_pm.shell.plan.takeup import TakeUp
from enve_pm.shell.state.disk import Disk
from enve_pm.wire import frame, record

pytestmark = pytest.mark.real
PLAN = forge.Plan.of({"web": forge.line("web"), "db": forge.line("db")})


@pytest.fixture(scope="module")
def keys() -> Iterator[Keys]:
    made = Keys(["alice"])
    yield made
    made.home.close()


def blueprint(keys: Keys, **more: object) -> dict[str, object]:
    return forge.blueprint([forge.keyhole(keys["alice"])], **more)


@pytest.fixture
def bench(keys: Keys, tmp_path: Path) -> Bench:
    return Bench(tmp_path, blueprint(keys), keys.rings)


@pytest.fixture
def stream(keys: Keys) -> bytes:
    return PLAN.stream(keys.sign("alice"))


def sha(stream: bytes) -> str:
    return sha256(stream).hexdigest()


def test_what_pm_is_given(bench: Bench, keys: Keys, stream: bytes) -> None:
    ack = bench.ask(stream, b"nonce--1")
    assert ack == record.Ack(False, b"nonce--1".hex(), "accepted", "", "", 1, "main", {})
    (accepted,) = bench.applied
    assert accepted._replace(new={}) == (sha(stream), b"nonce--1".hex(), "main", 1, {}, {})
    assert dict(accepted.new) == dict(PLAN.parts["web1"].lines)
    after = PLAN.after({"web": forge.line("web", nice=1)})
    bench.ask(after.stream(keys.sign("alice"), held=PLAN.parts["web1"].hashes))
    assert dict(bench.applied[1].old) == dict(PLAN.parts["web1"].lines)
    assert set(bench.applied[1].new) == {"web"}
    assert bench.acceptor.held() == {"main": dict(after.parts["web1"].lines)}


def test_what_was_judged_is_what_runs_and_nobody_else_keeps_it(
    bench: Bench, stream: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each line is read once; what stayed beside what runs would lie above it in memory."""

    def units() -> list[UnitSpec]:
        return [one for one in gc.get_objects() if type(one) is UnitSpec]

    lines = PLAN.parts["web1"].lines
    judged: list[UnitSpec] = []
    parsed: list[str] = []
    parse = UnitSpec.parse
    monkeypatch.setattr(UnitSpec, "parse", lambda line: parsed.append(line["name"]) or parse(line))
    monkeypatch.setattr(TakeUp, "take", lambda *_: judged.extend(map(reading.read, lines.values())))
    gc.collect()
    before = len(units())
    bench.ask(stream)
    assert sorted(parsed) == sorted(lines)
    assert {spec.name: spec.raw for spec in judged} == {
        name: loads(line.encode()) for name, line in lines.items()
    }
    judged.clear()
    assert len(units()) == before


def test_what_is_published(bench: Bench, stream: bytes) -> None:
    bench.ask(stream)
    held = record.parse_held((bench.home / "public/held.json").read_bytes())
    lane = held.lanes["main"]
    assert (held.node, lane.head, lane.serial, lane.active) == ("web1", PLAN.head, 1, 0)
    assert lane.hashes == PLAN.parts["web1"].hashes
    assert lane.leaf == PLAN.parts["web1"].leaf().hex()
    assert lane.proof["path"] == [step.hex() for step in PLAN.proof().path]
    bench.acceptor.set_manual(frozenset(["db", "gone"]))
    bench.acceptor.progress(bench.applied[0], "applied", {}, True)
    held = record.parse_held((bench.home / "public/held.json").read_bytes())
    assert (held.lanes["main"].manual, held.lanes["main"].active) == (("db",), 1)
    assert (bench.home / "public/held.json").stat().st_mode & 0o777 == 0o644


def test_all_who_wait_hear_of_it(bench: Bench, keys: Keys, stream: bytes) -> None:
    bench.ask(stream, b"nonce--1")
    (accepted,) = bench.applied
    bench.acceptor.progress(accepted, "accepted", {"web": ("STARTING", "")}, False)
    first = bench.ack(sha(stream), b"nonce--1".hex())
    assert first is not None
    assert (first.final, first.spots) == (False, {"web": {"state": "STARTING", "result": ""}})
    # The same plan again, as another stream and attempt, while it is being applied.
    same = PLAN.stream(keys.sign("alice"), held=PLAN.parts["web1"].hashes)
    again = bench.ask(same, b"nonce--2")
    assert (again.verdict, again.final, set(again.spots)) == ("duplicate", False, {"web"})
    bench.acceptor.progress(accepted, "failed", {"web": ("FAIL", "exit:1")}, True)
    for name, nonce in ((sha(stream), b"nonce--1"), (sha(same), b"nonce--2")):
        ack = bench.ack(name, nonce.hex())
        assert ack is not None
        assert (ack.verdict, ack.final, ack.spots["web"]["state"]) == ("failed", True, "FAIL")
    # And once more when it is over.
    late = bench.ask(stream, b"nonce--3")
    assert (late.verdict, late.final, late.spots["web"]["result"]) == ("duplicate", True, "exit:1")
    assert len(bench.applied) == 1


def test_those_who_wait_are_a_bounded_number(tmp_path: Path) -> None:
    """Whoever may write into the pipe can send a head that is held in ever new streams."""
    answers = Answers(Acks(Disk(), str(tmp_path)))
    plan = Answer("accepted", "", "", "main", 7)
    answers.accepted(Asked("f" * 64, "0" * 16), plan)
    for number in range(2 * MOST):
        answers.duplicate(Asked(f"{number:064x}", "1" * 16), plan._replace(verdict="duplicate"))
    assert len(answers._waiting["main"]) == MOST
    accepted = Accepted("f" * 64, "0" * 16, "main", 7, {}, {})
    answers.progress(accepted, "applied", {}, True)
    assert record.parse_ack((tmp_path / ("f" * 64)).read_bytes()).verdict == "applied"


def test_a_plan_that_is_overtaken_still_answers_its_writer(
    bench: Bench, keys: Keys, stream: bytes
) -> None:
    bench.ask(stream, b"nonce--1")
    after = PLAN.after({"web": forge.line("web", nice=1)})
    bench.ask(after.stream(keys.sign("alice")), b"nonce--2")
    bench.acceptor.progress(bench.applied[0], "failed", {"web": ("FAIL", "")}, True)
    ack = bench.ack(sha(stream), b"nonce--1".hex())
    assert ack is not None
    assert (ack.verdict, ack.serial, ack.final) == ("failed", 1, True)
    assert bench.acceptor.plans.state.lanes["main"].active == 0
    bench.acceptor.progress(bench.applied[1], "applied", {}, True)
    assert bench.acceptor.plans.state.lanes["main"].active == 2


def test_after_a_restart(bench: Bench, stream: bytes) -> None:
    bench.ask(stream, b"nonce--1")
    bench.boot()
    (accepted,) = bench.acceptor.unfinished()
    assert (accepted.lane, accepted.serial, set(accepted.new)) == ("main", 1, {"web", "db"})
    bench.acceptor.progress(accepted, "applied", {"web": ("RUNNING", "")}, True)
    bench.boot()
    assert bench.acceptor.unfinished() == []
    ack = bench.ask(stream, b"nonce--2")
    assert (ack.verdict, ack.final) == ("duplicate", True)


def test_streams_at_once_are_judged_one_after_the_other(bench: Bench, keys: Keys) -> None:
    plans = [PLAN]
    for number in range(5):
        plans.append(plans[-1].after({"web": forge.line("web", nice=number)}))
    streams = [plan.stream(keys.sign("alice")) for plan in plans]
    framed = b"".join(forge.frames(one, b"nonce--1") for one in [*streams, streams[0]])
    bench.acceptor.feed(framed)
    assert not bench.acceptor.quiet
    bench.wait(lambda: bench.ack(sha(streams[-1]), b"nonce--1".hex()), 60)
    assert [one.serial for one in bench.applied] == [1, 2, 3, 4, 5, 6]
    ack = bench.ack(sha(streams[0]), b"nonce--1".hex())
    assert ack is not None
    assert ack.code == "replay"


def test_no_room_is_busy(bench: Bench, stream: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("enve_pm.shell.plan.intake.STREAMS", 1)
    bench.acceptor.feed(forge.frames(stream, b"nonce--1"))  # is being judged
    bench.acceptor.feed(forge.frames(b"second", b"nonce--2"))  # waits
    bench.acceptor.feed(forge.frames(b"third", b"nonce--3"))
    ack = bench.ack(sha(b"third"), b"nonce--3".hex())
    assert ack is not None
    assert (ack.verdict, ack.final) == ("busy", True)
    bench.wait(lambda: bench.ack(sha(b"second"), b"nonce--2".hex()), 60)
    assert bench.ask(b"third").code == "format"
    bench.acceptor._intake._assembler.limits = frame.LIMITS._replace(streams=0)
    bench.acceptor.feed(forge.frames(stream, b"nonce--4")[: frame.SIZE])
    ack = bench.ack(sha(stream)[:16], b"nonce--4".hex())
    assert ack is not None
    assert ack.verdict == "busy"


def test_a_writer_that_dies_leaves_nothing(bench: Bench, stream: bytes) -> None:
    bench.acceptor.feed(forge.frames(stream)[: frame.SIZE])
    due = bench.loop._timers.deadline()
    assert due is not None
    assert 29_000 < due - bench.system.now() <= 30_000
    bench.acceptor._intake._loop = bench.loop
    bench.acceptor._intake._assembler.limits = frame.LIMITS._replace(idle=0)
    bench.acceptor._intake._idle()
    assert bench.acceptor._intake._assembler.deadline() is None


@pytest.mark.parametrize(("asked", "kept"), [(2, 2), (1, 1), (0, 1), (None, 5)])
def test_as_many_plans_are_kept_as_the_blueprint_says(
    bench: Bench, keys: Keys, asked: int | None, kept: int
) -> None:
    limits = {} if asked is None else {"generations": asked}
    bench.lay(blueprint(keys, limits=limits), {})
    plan = PLAN
    for number in range(6):
        plan = plan.after({"web": forge.line("web", nice=number)})
        assert bench.ask(plan.stream(keys.sign("alice"))).verdict == "accepted"
    folders = [path.name for path in (bench.home / "plans/main").iterdir()]
    serials = range(plan.serial - kept + 1, plan.serial + 1)
    assert sorted(folders, key=int) == [str(serial) for serial in serials]


def test_ceilings_are_put_in(bench: Bench, keys: Keys, capfd: pytest.CaptureFixture[str]) -> None:
    bench.lay(blueprint(keys, spots={"web": {"rlimits": {"nofile": 64}}, "db": {}}), {})
    bench.ask(PLAN.stream(keys.sign("alice")))
    (accepted,) = bench.applied
    assert loads(accepted.new["web"].encode())["rlimits"] == {"nofile": 64}
    assert accepted.new["db"] == PLAN.parts["web1"].lines["db"]
    bench.lay(blueprint(keys, spots={"web": {}}), {})
    assert bench.acceptor.held() == {"main": {"web": PLAN.parts["web1"].lines["web"]}}
    assert "left out" in capfd.readouterr().err
    # What the blueprint dropped is still among the old ones, so that it is removed.
    after = PLAN.after({"web": forge.line("web")})
    bench.ask(after.stream(keys.sign("alice")))
    assert set(bench.applied[1].old) == {"web", "db"}


def test_a_full_disk_keeps_the_old_plan(keys: Keys, tmp_path: Path) -> None:
    disk = Brittle()
    bench = Bench(tmp_path, blueprint(keys), keys.rings, disk)
    bench.ask(PLAN.stream(keys.sign("alice")))
    after = PLAN.after({"web": forge.line("web", nice=1)}).stream(keys.sign("alice"))
    create = disk.create

    def full(path: str, data: bytes, mode: int = 0o600, lasting: bool = True) -> None:
        if "/plans/" in path:
            raise OSError(28, "No space left on device")
        create(path, data, mode, lasting)

    disk.create = full  # type: ignore[method-assign]
    before = bench.state()
    ack = bench.ask(after)
    assert (ack.verdict, ack.code, "space" in ack.reason) == ("rejected", "storage", True)
    assert bench.state() == before
    disk.create = create  # type: ignore[method-assign]
    assert bench.ask(after).verdict == "accepted"


def test_the_floor_of_time_follows_accepted_heads(bench: Bench, keys: Keys, stream: bytes) -> None:
    path = bench.home / "trust" / "clock.json"
    bench.ask(stream)
    assert loads(path.read_bytes()) == {"v": 1, "deployed": 0, "floor": PLAN.issued}
    bench.system.seconds = 1000  # the clock is set back
    old = PLAN.after({}, issued=900, expires=PLAN.issued - 1).stream(keys.sign("alice"))
    assert bench.ask(old).code == "expired"
    path.write_bytes(b"{}")
    assert bench.ask(old).code == "keyhole"


def test_the_inbox_is_cleared_of_what_nobody_came_for(bench: Bench, stream: bytes) -> None:
    inbox = bench.home / "run" / "inbox"
    for name, age in (("old", 2 * forge.DAY), ("new", 0)):
        (inbox / name).write_bytes(b"x")
        os.utime(inbox / name, (time.time() - age, time.time() - age))
    bench.ask(stream)
    end = time.monotonic() + 60
    while (inbox / "old").exists() and time.monotonic() < end:
        bench.turn()
    assert [path.name for path in inbox.iterdir()] == ["new"]
    while bench.loop.children and time.monotonic() < end:
        bench.turn()


def test_an_inbox_that_is_no_folder_stops_no_plan(bench: Bench, stream: bytes) -> None:
    inbox = bench.home / "run" / "inbox"
    inbox.rmdir()
    inbox.write_bytes(b"in the way")
    bench.boot()
    assert bench.ask(stream).verdict == "accepted"
    assert len(bench.applied) == 1


def test_a_mistake_of_pms_is_one_answer_and_no_end(
    bench: Bench, stream: bytes, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def mistaken(*_: object) -> object:
        raise KeyError("what is this")

    monkeypatch.setattr("enve_pm.core.policy.judge", mistaken)
    answer = bench.ask(stream)
    assert (answer.verdict, answer.code) == ("rejected", "lacks")
    assert "what is this" in answer.reason
    assert "KeyError" in capfd.readouterr().err
    monkeypatch.undo()
    assert bench.ask(stream).verdict == "accepted"


def test_acks_are_pruned_apart(tmp_path: Path) -> None:
    acks = Acks(Disk(), str(tmp_path))

    def write(number: int, verdict: str) -> None:
        ack = record.Ack(True, "00" * 8, verdict, "", "", 0, "", {})
        acks.write(f"{number:064x}", ack)

    for number in range(ACCEPTED + 10):
        write(number, "applied")
    for number in range(1000, 1000 + REFUSED + 500):
        write(number, "rejected")
    names = {path.name for path in tmp_path.iterdir()}
    assert len(names) == ACCEPTED + REFUSED
    assert f"{9:064x}" not in names
    assert f"{10:064x}" in names
    (tmp_path / ("f" * 64)).write_bytes(b"broken")
    again = Acks(Disk(), str(tmp_path))
    again.load()
    assert {path.name for path in tmp_path.iterdir()} == names


def test_time_to_verify_and_accept(bench: Bench, keys: Keys) -> None:
    """Frames in, committed and answered, in CPU time of pm and gpgv together; the aim on a quiet
    machine is 50 ms of wall time."""
    plans = [PLAN]
    for number in range(8):
        plans.append(plans[-1].after({"web": forge.line("web", nice=number)}))
    streams = [plan.stream(keys.sign("alice")) for plan in plans]
    before = sum(os.times()[:4])
    for stream in streams:
        assert bench.ask(stream).verdict == "accepted"
    assert (sum(os.times()[:4]) - before) / len(streams) < 0.2
