"""The commit: whatever step fails, and wherever the power goes, a node holds the old plan or the
new one, whole; and never says more than is true."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest
from tests.node.trust import forge
from tests.node.trust.brittle import Brittle, Forgetful, PowerCut

from enve_pm.core.refusal import STORAGE, Refused
from enve_pm.shell.plan.plans import Plan, Plans
from enve_pm.shell.state.disk import Disk
from enve_pm.wire import head as heads
from enve_pm.wire import truststate


def sign(data: bytes) -> bytes:
    return b"signature"


def entry(plan: forge.Plan) -> Plan:
    return Plan(
        plan.lane,
        plan.serial,
        plan.hash,
        plan.head,
        (b"signature",),
        plan.parts["web1"],
        heads.encode_proof(plan.proof()),
        frozenset(),
        plan.stream(sign),
    )


def held(plan: forge.Plan) -> Plan:
    return entry(plan)._replace(data=b"")


FIRST = forge.Plan.of({"web": forge.line("web"), "db": forge.line("db")})
HISTORY = [FIRST]
for number in range(7):
    HISTORY.append(HISTORY[-1].after({"web": forge.line("web", nice=number)}))
OLD, NEW = HISTORY[-2:]


def home(path: Path, upto: int = -1) -> Path:
    """A node that holds the history up to the plan before the last."""
    for folder in ("plans", "trust", "keep"):
        (path / folder).mkdir()
    plans = Plans(Disk(), str(path))
    plans.load()
    for plan in HISTORY[:upto]:
        plans.commit(entry(plan))
    return path


def loaded(path: Path) -> Plans:
    plans = Plans(Disk(), str(path))
    plans.load()
    assert plans.damaged == {}
    return plans


def check_whole(path: Path) -> int:
    """The serial that is held; everything that the state names is there and fits."""
    plans = loaded(path)
    serial_held = plans.held["main"].serial
    plan = next(one for one in HISTORY if one.serial == serial_held)
    assert plans.held["main"] == held(plan)
    known = plans.state.lanes["main"]
    assert known.generations == tuple(range(plan.serial - 4, plan.serial + 1))
    for serial in known.generations:
        folder = path / "plans" / "main" / str(serial)
        assert {one.name for one in folder.iterdir()} == {"stream", "part", "blobs"}
    assert plans.blobs() == set()
    return plan.serial


def steps_of_a_commit(tmp_path: Path) -> list[str]:
    disk = Brittle()
    plans = Plans(disk, str(home(tmp_path)))
    plans.load()
    plans.commit(entry(NEW))
    return disk.steps


def test_the_order_of_a_commit(tmp_path: Path) -> None:
    root = str(tmp_path)
    steps = [step.replace(root, "") for step in steps_of_a_commit(tmp_path)]
    kept = [step for step in steps if step.split()[0] in ("create", "rename", "sync")]
    assert kept == [
        *(f"create /plans/main/.new/{name}" for name in ("stream", "part", "blobs")),
        "sync /plans/main/.new",
        "rename /plans/main/8",
        "sync /plans/main",
        "create /trust/.state.json.new",
        "rename /trust/state.json",
        "sync /trust",
    ]
    assert steps[-1] == "rmdir /plans/main/3"  # the sixth generation


STEPS = range(14)


def test_there_are_as_many_steps_as_are_tried(tmp_path: Path) -> None:
    assert len(steps_of_a_commit(tmp_path)) == len(STEPS)


@pytest.mark.parametrize("at", STEPS)
@pytest.mark.parametrize("fate", ["error", "half"])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
def test_a_step_fails(at: int, fate: str, code: int, tmp_path: Path) -> None:
    disk = Brittle(at, fate, code)
    plans = Plans(disk, str(home(tmp_path)))
    plans.load()
    try:
        plans.commit(entry(NEW))
    except Refused as refused:
        assert refused.code == STORAGE
        assert plans.held["main"] == held(OLD)
        assert check_whole(tmp_path) == OLD.serial
        assert sorted(one.name for one in (tmp_path / "trust").iterdir()) == ["state.json"]
    else:
        assert plans.held["main"] == held(NEW)
        assert check_whole(tmp_path) == NEW.serial
    # The disk is good again: the next plan goes through, and what was left over is cleared.
    plans.probe()
    if plans.held["main"].serial == OLD.serial:
        plans.commit(entry(NEW))
    assert check_whole(tmp_path) == NEW.serial
    plans.prune("main")
    assert sorted(one.name for one in (tmp_path / "plans/main").iterdir()) == list("45678")


@pytest.mark.parametrize("at", STEPS)
@pytest.mark.parametrize("fate", ["cut", "cut after"])
@pytest.mark.parametrize("loses", [False, True])
def test_the_power_goes(at: int, fate: str, loses: bool, tmp_path: Path) -> None:
    disk = Forgetful(at, fate, tmp_path / "keep")
    plans = Plans(disk, str(home(tmp_path)))
    plans.load()
    with pytest.raises(PowerCut):
        plans.commit(entry(NEW))
    if loses:
        disk.lose()
    serial = check_whole(tmp_path)
    committed = any(
        "rename" in step and "state.json" in step for step in disk.steps[: at + (fate != "cut")]
    )
    assert serial in ((OLD.serial, NEW.serial) if committed else (OLD.serial,))
    if committed and not loses:
        assert serial == NEW.serial
    again = loaded(tmp_path)
    if serial == OLD.serial:
        again.commit(entry(NEW))
    assert check_whole(tmp_path) == NEW.serial


def test_a_commit_that_may_not_last_takes_nothing_more(tmp_path: Path) -> None:
    steps = steps_of_a_commit(_made(tmp_path / "a"))
    at = next(n for n, step in enumerate(steps) if step.startswith("sync") and "trust" in step)
    disk = Brittle(at, "error", errno.EIO)
    plans = Plans(disk, str(home(_made(tmp_path / "b"))))
    plans.load()
    plans.commit(entry(NEW))
    assert plans.degraded
    assert plans.held["main"] == held(NEW)
    disk.at = len(disk.steps) + 1  # the probe fails too
    with pytest.raises(Refused, match="does not keep"):
        plans.probe()
    assert plans.degraded
    plans.probe()
    assert plans.degraded == ""
    assert plans.held["main"] == held(NEW)


def _made(path: Path) -> Path:
    path.mkdir()
    return path


def test_a_rename_that_was_done_although_it_said_no(tmp_path: Path) -> None:
    steps = steps_of_a_commit(_made(tmp_path / "a"))
    at = next(n for n, step in enumerate(steps) if step.startswith("rename") and "state" in step)
    plans = Plans(Brittle(at, "half", errno.EIO), str(home(_made(tmp_path / "b"))))
    plans.load()
    plans.commit(entry(NEW))
    assert check_whole(tmp_path / "b") == NEW.serial


def test_active_is_kept_apart(tmp_path: Path) -> None:
    plans = loaded(home(tmp_path))
    assert plans.state.lanes["main"].active == 0
    plans.activate("main", OLD.serial)
    plans.commit(entry(NEW))
    assert loaded(tmp_path).state.lanes["main"].active == OLD.serial
    plans.disk = Brittle(1)
    with pytest.raises(OSError, match="space"):
        plans.activate("main", NEW.serial)
    assert loaded(tmp_path).state == plans.state


@pytest.mark.parametrize("name", ["stream", "part", "blobs"])
def test_a_damaged_plan_keeps_its_place_in_the_order(name: str, tmp_path: Path) -> None:
    path = home(tmp_path) / "plans" / "main" / str(OLD.serial) / name
    path.write_bytes(path.read_bytes()[:-3])
    plans = Plans(Disk(), str(tmp_path))
    plans.load()
    assert "main" in plans.damaged
    assert plans.held == {}
    assert plans.state.lanes["main"].hash == OLD.hash
    plans.commit(entry(NEW))
    assert plans.damaged == {}
    assert loaded(tmp_path).held["main"] == held(NEW)


def test_a_state_that_cannot_be_read_is_not_an_empty_one(tmp_path: Path) -> None:
    (home(tmp_path) / "trust" / "state.json").write_bytes(b"")
    with pytest.raises(ValueError, match="wanted"):
        Plans(Disk(), str(tmp_path)).load()
    (tmp_path / "trust" / "state.json").unlink()
    plans = Plans(Disk(), str(tmp_path))
    plans.load()
    assert plans.state == truststate.EMPTY
