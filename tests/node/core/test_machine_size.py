"""Many units: cost of a turn, no recursion, flat memory; dumps that are refused."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from tests.support import pmlaws
from tests.support.pmscript import spec

from enve_pm.core.effects import Define, Exited, Spawn, Spawned, SpawnFailed, Want
from enve_pm.core.machine import Machine
from enve_pm.core.saved import SavedError


def started(lines: dict[str, list[str]]) -> tuple[Machine, list[Any]]:
    machine = Machine()
    events: list[Any] = []
    for name, words in lines.items():
        events += [Define(name, spec(name, words)), Want(name, "up", "plan")]
    assert machine.judge(events) == []
    return machine, machine.turn(events, 0)


def bring_up(machine: Machine, out: list[Any], now: int) -> int:
    """Answer every spawn until nothing more is asked for; gives the number of spawns."""
    count = 0
    while spawns := [e for e in out if isinstance(e, Spawn)]:
        count += len(spawns)
        machine.turn([Spawned(e.unit, e.run, 1) for e in spawns], now)
        now += 100
        out = machine.turn([], now)
    return count


def cpu(call: Any) -> tuple[float, Any]:
    begin = time.process_time()
    result = call()
    return time.process_time() - begin, result


def test_a_thousand_units_start_in_one_turn() -> None:
    lines = {f"u{i}": [f"needs=u{i % 10}"] if i >= 10 else [] for i in range(1000)}
    took, (machine, out) = cpu(lambda: started(lines))
    print(f"define, judge and start 1,000: {took * 1000:.0f} ms of CPU")
    assert bring_up(machine, out, 1) == 1000
    assert all(unit.state == "RUNNING" for unit in machine.units.values())
    pmlaws.check(machine)
    assert machine.deadline() is None, "an idle machine sleeps"


def test_ten_thousand_in_a_row_without_recursion() -> None:
    lines = {
        f"u{i}": [f"needs=u{i - 1}", 'ready={"how":"wait","ms":0}'] if i else []
        for i in range(10_000)
    }
    machine, out = started(lines)
    now = 200
    machine.turn([Spawned("u0", 1, 1)], 100)
    out = machine.turn([], now)
    while spawns := [e for e in out if isinstance(e, Spawn)]:
        out = machine.turn([Spawned(e.unit, e.run, 1) for e in spawns], now)
    assert machine.units["u9999"].state == "RUNNING"
    out = machine.turn([Want(name, "down", "plan") for name in lines], now)
    assert len([e for e in out if type(e).__name__ == "Signal"]) == 1
    for i in reversed(range(10_000)):
        machine.turn([Exited(f"u{i}", machine.units[f"u{i}"].run, 0)], now)
    assert all(unit.state == "STOPPED" for unit in machine.units.values())


@pytest.mark.parametrize("lines", ["star", "all"])
def test_a_turn_costs_its_neighbourhood(lines: str) -> None:
    """One event about a unit without neighbours takes as long among 10,000 units as among 100."""

    def cost(count: int) -> float:
        others = {
            f"u{i}": [] if lines == "all" else (["needs=u0"] if i else []) for i in range(count)
        }
        machine, out = started({**others, "lone": []})
        bring_up(machine, out, 1)
        return min(cpu(lambda: _crash(machine))[0] for _ in range(20))

    def _crash(machine: Machine) -> None:
        for _ in range(20):
            now = machine.now + 20_000
            machine.turn([Exited("lone", machine.units["lone"].run, 1)], now)
            machine.turn([Spawned("lone", machine.units["lone"].run, 1)], now)
            machine.turn([], now + 100)
            assert machine.units["lone"].state == "RUNNING"

    assert cost(5000) < 5 * cost(50) + 0.002


def test_a_hub_that_stops_with_all_its_dependents_is_no_square() -> None:
    def cost(count: int) -> float:
        machine, out = started({f"u{i}": ["needs=u0"] if i else [] for i in range(count)})
        bring_up(machine, out, 1)
        return cpu(lambda: _stop(machine))[0]

    def _stop(machine: Machine) -> None:
        now = machine.now
        machine.turn([Want(name, "down", "plan") for name in machine.units], now)
        for name in [*list(machine.units)[1:], "u0"]:
            machine.turn([Exited(name, machine.units[name].run, 0)], now)
        assert machine.units["u0"].state == "STOPPED"

    assert cost(4000) < 40 * cost(400) + 0.1  # a square would be 100 times


def test_a_crash_storm_keeps_the_heap_flat() -> None:
    machine, out = started({f"u{i}": [] for i in range(10)})
    now = 0
    for _ in range(2000):
        spawns = [e for e in out if isinstance(e, Spawn)]
        machine.turn([SpawnFailed(e.unit, e.run, "exec:ENOENT") for e in spawns], now)
        now = machine.deadline() or now
        out = machine.turn([], now)
    assert len(machine.timers._heap) < 200


BAD = [
    None,
    [],
    {},
    {"v": 99},
    {"v": 1},
    {"v": 1, "runs": 0, "made": 0, "locks": {}, "units": [{}]},
    {"v": 1, "runs": 0, "made": 0, "locks": {}, "units": 7},
    {"v": 1, "runs": 0, "made": 1, "locks": {}, "units": [{"name": "a", "index": 1, "spec": {}}]},
]


@pytest.mark.parametrize("data", BAD)
def test_bad_dumps_are_refused(data: Any) -> None:
    with pytest.raises(SavedError, match="state: wanted"):
        Machine.load(data, 0)


def test_a_dump_goes_through_json() -> None:
    machine, out = started({"a": [], "b": ["needs=a"]})
    bring_up(machine, out, 1)
    data = json.loads(json.dumps(machine.dump()))
    loaded = Machine.load(data, machine.now)
    pmlaws.check(loaded)
    assert loaded.dump() == machine.dump() == data
