"""What must hold of pm's machine after every turn, whatever happened before."""

from __future__ import annotations

from operator import attrgetter

from enve_pm.core import failing, graph, situation, states
from enve_pm.core.effects import Changed, Gone, Signal, Spawn
from enve_pm.core.graph import NEED, WANT
from enve_pm.core.machine import Machine
from enve_pm.core.unit import STAGE
from enve_pm.core.unitstate import FAILED, LIVE, Unit

_PUBLIC = attrgetter(
    *("state", "want", "why", "asked_why", "result", "since", "restarts", "pid", "stale", "detail"),
    "drift",
)
AT_WORK = (states.STARTING, states.RUNNING)


def check(machine: Machine) -> None:
    """All laws about the machine itself; AssertionError names the one that is broken."""
    assert not (machine.pending or machine.acts or machine.at_once or machine.wants)
    for unit in machine.units.values():
        _counts(machine, unit)
        _called(unit)
        _steps(unit)
        _needs(machine, unit)
        _rest(machine, unit)
        _deadline(machine, unit)


def _counts(machine: Machine, unit: Unit) -> None:
    """What is counted from the neighbours is true."""
    users = machine.users.get(unit.name, {})
    up = [k for n, k in users.items() if machine.units[n].want == states.UP]
    live = [k for n, k in users.items() if machine.units[n].state in LIVE]
    counted = (unit.hard, unit.soft, unit.held, unit.unmet, unit.marked)
    needs = [machine.units.get(n) for n in unit.spec.needs]
    true = (
        sum(bool(k & NEED) for k in up),
        sum(bool(k & WANT) for k in up),
        sum(bool(k & NEED) for k in live),
        sum(n is None or n.state != states.RUNNING for n in needs),
        False,
    )
    assert counted == true, f"{unit.name}: counted {counted}, true {true}"
    for name in graph.edges(unit.spec):
        assert unit.name in machine.users[name]


def _called(unit: Unit) -> None:
    """Who is called runs for that only: it is not asked for, and wanted up until it ends."""
    if unit.called:
        assert unit.asked == states.DOWN and unit.want == states.UP, f"{unit.name}: {unit.called}"
        assert not (unit.rest and unit.state == states.STOPPED), f"{unit.name} has ended"


def _steps(unit: Unit) -> None:
    """Runs exist only where the state says so."""
    if unit.state in (states.STOPPED, states.SCHE_START):
        assert not unit.busy and unit.active is None and not unit.pid, unit.name
        assert unit.due == unit.side_due == unit.grace_due == -1, unit.name
    if unit.state in (states.RUNNING, states.SCHE_STOP) and not unit.checked:
        assert unit.run, f"{unit.name}: {unit.state} without a process"
    if unit.state == states.RUNNING and unit.checked:
        assert not unit.run, f"{unit.name}: a resource that is up runs nothing but checks"
    if unit.state in LIVE or unit.busy:
        assert unit.active is not None, f"{unit.name}: {unit.state} without parameters"


def _needs(machine: Machine, unit: Unit) -> None:
    """Nothing runs whose hard need is not up, except within its grace."""
    if unit.state not in AT_WORK or (unit.checked and unit.run):
        return
    for name in unit.spec.needs:
        need = machine.units.get(name)
        in_grace = unit.grace_due > machine.now
        excused = need is not None and need.renew and unit.spec.on_restart.get(name) is not None
        up = need is not None and need.state == states.RUNNING
        excused = excused or (need is not None and need.kind == STAGE)
        assert up or in_grace or excused, f"{unit.name} runs without {name}"


def _order(machine: Machine, unit: Unit) -> None:
    """What was up is only stopped after its dependents. To be asked in the turn that begins the
    stop: a line that comes later is too late for that."""
    gone = unit.kind == STAGE or (not unit.run and not unit.checked)
    if unit.up_at < 0 or gone or unit.doom:  # who is not well any more is as good as dead
        return
    for name, kinds in machine.users.get(unit.name, {}).items():
        user = machine.units[name]
        if kinds & NEED and user.state in LIVE:
            assert unit.name in user.spec.on_restart, f"{unit.name} before {name}"


def _rest(machine: Machine, unit: Unit) -> None:
    """Nothing is left to do: a unit that looked again would stay where it is."""
    word = situation.judge(machine, unit)
    good = {
        states.STOPPED: word in ("halt", "quit") or unit.rest or unit.stuck,
        states.SCHE_START: word == "wait",
        states.STARTING: word == "go" or unit.checked,
        states.RUNNING: word == "go",
        states.SCHE_STOP: word == "halt",
    }.get(
        unit.state,
        unit.want == states.UP or unit.left or unit.busy or unit.state == states.STOPPING,
    )
    assert good, f"{unit.name}: {unit.state}, and it is told {word}"
    owes = unit.owed is not None and word == "halt"
    assert not unit.removing or unit.state != states.STOPPED or owes, f"{unit.name} should be gone"
    nothing = unit.owed is None or unit.state != states.STOPPED or word != "quit"
    assert nothing, f"{unit.name}: what it made is still there"


def _deadline(machine: Machine, unit: Unit) -> None:
    """Every wait for the world outside has a deadline."""
    timer = unit.due >= 0
    assert not unit.sick or unit.state not in (states.STOPPED, *FAILED, states.STARTING), unit.name
    if unit.state == states.STARTING:
        assert timer or (unit.lock and machine.locks[unit.lock][0] != unit.name), unit.name
    if unit.state == states.STOPPING:
        assert timer, unit.name
    if unit.state in FAILED and unit.want == states.UP:
        waits = unit.over or unit.rest or unit.result == failing.UNKILLABLE
        assert timer or waits, f"{unit.name}: {unit.state} for ever"


def check_stops(machine: Machine) -> None:
    """The order of all stops under way, where no line changes meanwhile."""
    for unit in machine.units.values():
        if unit.state == states.STOPPING:
            _order(machine, unit)


def public(machine: Machine) -> dict[str, tuple[object, ...]]:
    """What others see of each unit."""
    return {unit.name: _PUBLIC(unit) for unit in machine.units.values()}


def check_shown(before: dict[str, tuple[object, ...]], machine: Machine, out: list[object]) -> None:
    """Whatever others see of a unit is told when it changes; what begins to stop may do so."""
    told = {effect.unit for effect in out if isinstance(effect, Changed)}
    for name, now in public(machine).items():
        was = before.get(name)
        if now[0] == states.STOPPING and (was is None or was[0] != states.STOPPING):
            _order(machine, machine.units[name])
        assert name in told or was == now, f"{name} was {was}, is {now}, and nobody is told"


def check_effects(machine: Machine, out: list[object]) -> None:
    """Effects name units that exist, and the run that the unit has now."""
    for effect in out:
        if isinstance(effect, Gone):
            assert effect.unit not in machine.units
        elif isinstance(effect, Changed):
            assert effect.unit in machine.units
        elif isinstance(effect, Spawn):
            unit = machine.units[effect.unit]
            assert effect.run in (unit.run, unit.side)
            assert unit.active is not None
        else:
            assert isinstance(effect, Signal)
            assert effect.run and effect.run in (
                machine.units[effect.unit].run,
                machine.units[effect.unit].side,
            )
