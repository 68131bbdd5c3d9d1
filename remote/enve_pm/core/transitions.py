"""THE table: state x event -> what is done, and the states that this can lead to.

Every cell is decided. `NEVER` marks what cannot happen (the machine drops late news of older runs
before it looks here); meeting it, or ending in a state that the cell does not list, is a bug and
raises. The diagram and the table in the docs are made from this module.
"""

from __future__ import annotations

from enve_pm.core import failing, health, running, starting, stopping
from enve_pm.core.lean import namedtuple
from enve_pm.core.situation import GO, HALT, LOST, QUIT, WAIT
from enve_pm.core.states import (
    FAIL,
    RUNNING,
    SCHE_START,
    SCHE_STOP,
    STARTING,
    STARTING_FAIL,
    STOPPED,
    STOPPING,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from enve_pm.core.board import Board
    from enve_pm.core.unitstate import Unit

# From the shell, about the main step or the one beside it.
SPAWNED = "spawned"
UNBORN = "spawn-failed"
EXITED = "exited"
READY = "ready"
SILENT = "silent"
SIDE_EXITED = "side-exited"
# From the timers.
TIMEOUT = "timeout"
SIDE_TIMEOUT = "side-timeout"
# From people and plans.
WAKE = "wake"
RESTART = "restart"
RELOAD = "reload"
RECHECK = "recheck"
RESET = "reset"

EVENTS = {
    GO: "wanted up; all needs are RUNNING and what it comes after has settled",
    WAIT: "wanted up; a need, or one that it comes after, is on its way",
    LOST: "wanted up; a need is missing, failed or stays down",
    HALT: "must not run, but dependents still do",
    QUIT: "must not run, and no dependent does",
    SPAWNED: "the main step's process exists",
    UNBORN: "the main step could not be spawned",
    EXITED: "the main step and all that it left behind is gone",
    READY: "readiness was announced",
    SILENT: "it has not said in time that it is alive (watchdog)",
    SIDE_EXITED: "the step beside the main one (readiness, health, recheck, reload) is gone",
    TIMEOUT: "the timer of the state: readiness, start, stop, back-off, next check",
    SIDE_TIMEOUT: "the timer of the step beside",
    WAKE: "a start is asked for, or new parameters are put into force",
    RESTART: "a restart is asked for",
    RELOAD: "a reload is asked for",
    RECHECK: "a check of a resource, or of a process's health, is asked for",
    RESET: "reset-failed",
}

Cell = namedtuple("Cell", "do to")  # do(board, unit, argument); to: states


class Impossible(Exception):
    """The table was left: a bug in the machine or in the shell."""


def stay(board: Board, unit: Unit, _: Any) -> None:
    """Nothing to do."""


def never(board: Board, unit: Unit, _: Any) -> None:
    """This cannot happen."""
    raise Impossible(f"{unit.name}: an event that {unit.state} cannot meet")


NEVER = Cell(never, ())
_NO_FACTS = dict.fromkeys((SPAWNED, UNBORN, EXITED, READY, SILENT, SIDE_EXITED), NEVER)
_NO_TIMERS = dict.fromkeys((TIMEOUT, SIDE_TIMEOUT), NEVER)


def _keep(state: str, *events: str) -> dict[str, Any]:
    return dict.fromkeys(events, Cell(stay, (state,)))


TABLE: dict[str, dict[str, Any]] = {
    STOPPED: {
        GO: Cell(starting.climb, (SCHE_START, STOPPED, STOPPING)),
        WAIT: Cell(starting.climb, (SCHE_START, STOPPED, STOPPING)),
        LOST: Cell(starting.strand, (STOPPED,)),
        HALT: Cell(starting.lie, (STOPPED,)),
        QUIT: Cell(starting.settle, (STOPPED, STOPPING)),
        **_NO_FACTS,
        **_NO_TIMERS,
        WAKE: Cell(starting.awaken, (STOPPED,)),
        RESTART: Cell(starting.awaken, (STOPPED,)),
        RESET: Cell(failing.calm, (STOPPED,)),
        **_keep(STOPPED, RELOAD, RECHECK),
    },
    SCHE_START: {
        GO: Cell(starting.launch, (STARTING,)),
        LOST: Cell(starting.strand, (STOPPED,)),
        HALT: Cell(starting.cancel, (STOPPED,)),
        QUIT: Cell(starting.cancel, (STOPPED,)),
        **_NO_FACTS,
        **_NO_TIMERS,
        RESET: Cell(failing.calm, (SCHE_START,)),
        **_keep(SCHE_START, WAIT, WAKE, RESTART, RELOAD, RECHECK),
    },
    STARTING: {
        WAIT: NEVER,
        LOST: NEVER,
        HALT: Cell(stopping.abandon, (STOPPING, STARTING, STOPPED)),
        QUIT: Cell(stopping.abandon, (STOPPING, STARTING, STOPPED)),
        SPAWNED: Cell(starting.begun, (STARTING, RUNNING)),
        UNBORN: Cell(starting.unborn, (STARTING_FAIL,)),
        EXITED: Cell(starting.ended, (STARTING_FAIL, RUNNING, STARTING, STOPPED)),
        READY: Cell(starting.announced, (RUNNING, STARTING)),
        SIDE_EXITED: Cell(starting.probed, (RUNNING, STARTING)),
        TIMEOUT: Cell(starting.overdue, (RUNNING, STOPPING)),
        SIDE_TIMEOUT: Cell(starting.probe, (STARTING,)),
        RESTART: Cell(running.again, (STARTING,)),
        RELOAD: Cell(starting.reload_later, (STARTING,)),
        RESET: Cell(failing.calm, (STARTING,)),
        **_keep(STARTING, GO, SILENT, WAKE, RECHECK),
    },
    RUNNING: {
        WAIT: NEVER,
        LOST: NEVER,
        HALT: Cell(running.sink, (SCHE_STOP,)),
        QUIT: Cell(running.sink, (SCHE_STOP,)),
        SPAWNED: Cell(running.take_pid, (RUNNING,)),
        UNBORN: NEVER,
        EXITED: Cell(running.ended, (FAIL,)),
        READY: Cell(running.take_pid, (RUNNING,)),
        SILENT: Cell(health.silent, (STOPPING,)),
        SIDE_EXITED: Cell(health.beside, (RUNNING, STOPPING, FAIL)),
        TIMEOUT: Cell(running.check, (RUNNING,)),
        SIDE_TIMEOUT: Cell(running.hung, (RUNNING,)),
        RESTART: Cell(running.again, (RUNNING,)),
        RELOAD: Cell(running.reload, (RUNNING,)),
        RECHECK: Cell(running.check, (RUNNING,)),
        RESET: Cell(failing.calm, (RUNNING,)),
        **_keep(RUNNING, GO, WAKE),
    },
    SCHE_STOP: {
        GO: Cell(stopping.back, (RUNNING,)),
        WAIT: NEVER,
        LOST: NEVER,
        QUIT: Cell(stopping.descend, (STOPPING, STOPPED)),
        SPAWNED: Cell(running.take_pid, (SCHE_STOP,)),
        UNBORN: NEVER,
        EXITED: Cell(stopping.died, (STOPPED, STOPPING)),
        READY: Cell(running.take_pid, (SCHE_STOP,)),
        SIDE_EXITED: Cell(stopping.quiet, (SCHE_STOP,)),
        TIMEOUT: NEVER,
        SIDE_TIMEOUT: Cell(running.hung, (SCHE_STOP,)),
        RESTART: Cell(running.again, (SCHE_STOP,)),
        RESET: Cell(failing.calm, (SCHE_STOP,)),
        **_keep(SCHE_STOP, HALT, SILENT, WAKE, RELOAD, RECHECK),
    },
    STOPPING: {
        WAIT: NEVER,
        LOST: NEVER,
        SPAWNED: Cell(stopping.begun, (STOPPING,)),
        UNBORN: Cell(stopping.unborn, (STOPPED, STOPPING, STARTING_FAIL, FAIL)),
        EXITED: Cell(stopping.ended, (STOPPED, STOPPING, STARTING_FAIL, FAIL)),
        READY: Cell(running.take_pid, (STOPPING,)),
        SIDE_EXITED: Cell(stopping.beside, (STOPPED, STOPPING, STARTING_FAIL, FAIL)),
        TIMEOUT: Cell(stopping.escalate, (STOPPING, FAIL)),
        SIDE_TIMEOUT: NEVER,
        WAKE: Cell(stopping.asked, (STOPPING,)),
        RESTART: Cell(stopping.again, (STOPPING,)),
        RESET: Cell(failing.calm, (STOPPING,)),
        **_keep(STOPPING, GO, HALT, QUIT, SILENT, RELOAD, RECHECK),
    },
    STARTING_FAIL: {
        **dict.fromkeys((GO, WAIT, LOST), Cell(failing.recall, (STOPPED, STARTING_FAIL))),
        HALT: Cell(failing.drop, (STOPPED, STARTING_FAIL)),
        QUIT: Cell(failing.drop, (STOPPED, STARTING_FAIL)),
        **_NO_FACTS,
        SIDE_EXITED: Cell(failing.ended, (STARTING_FAIL, STOPPED)),
        TIMEOUT: Cell(failing.retry, (STOPPED, STARTING_FAIL)),
        SIDE_TIMEOUT: NEVER,
        WAKE: Cell(failing.wake, (STOPPED, STARTING_FAIL)),
        RESTART: Cell(failing.wake, (STOPPED, STARTING_FAIL)),
        RESET: Cell(failing.reset, (STOPPED, STARTING_FAIL)),
        **_keep(STARTING_FAIL, RELOAD, RECHECK),
    },
    FAIL: {
        **dict.fromkeys((GO, WAIT, LOST), Cell(failing.recall, (STOPPED, FAIL))),
        HALT: Cell(failing.drop, (STOPPED, FAIL)),
        QUIT: Cell(failing.drop, (STOPPED, FAIL)),
        SPAWNED: Cell(running.take_pid, (FAIL,)),
        UNBORN: Cell(failing.ended, (STOPPED, FAIL)),
        EXITED: Cell(failing.ended, (STOPPED, FAIL)),
        READY: Cell(running.take_pid, (FAIL,)),
        SIDE_EXITED: Cell(failing.ended, (STOPPED, FAIL)),
        TIMEOUT: Cell(failing.retry, (STOPPED, FAIL)),
        SIDE_TIMEOUT: NEVER,
        WAKE: Cell(failing.wake, (STOPPED, FAIL)),
        RESTART: Cell(failing.wake, (STOPPED, FAIL)),
        RESET: Cell(failing.reset, (STOPPED, FAIL)),
        **_keep(FAIL, SILENT, RELOAD, RECHECK),
    },
}


def fire(board: Board, unit: Unit, event: str, argument: Any = None) -> None:
    """Do what the table says for this unit and event."""
    state = unit.state
    cell = TABLE[state][event]
    cell.do(board, unit, argument)
    if unit.state not in cell.to:
        raise Impossible(f"{unit.name}: {event} led from {state} to {unit.state}")
