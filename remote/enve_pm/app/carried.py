"""What goes over a change of program: all that is neither on disk nor in the kernel's hands.

The state carries a version; a program goes on with its own and the two before it.
"""

from __future__ import annotations

from enve_pm.core.effects import Spawn
from enve_pm.core.machine import Machine

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from enve_pm.app.pm import Pm

VERSION = 2
SPOKEN = (2, 1)  # versions that this program goes on with


def dump(pm: Pm) -> tuple[dict[str, Any], list[int]]:
    """The state, JSON-able, and the descriptors that must keep their numbers."""
    pm.board.settle()
    runs = pm.engine.runs
    state = {
        "v": VERSION,
        "machine": pm.engine.machine.dump(),
        "runs": runs.dump(),
        "watches": [[run.unit, run.number, run.watch.dump()] for run in runs.all() if run.watch],
        "logs": pm.logs.dump(),
        "wants": pm.board.wants,
        "notes": pm.board.notes,
        "goals": pm.owner.dump(),
        "marches": pm.reports.dump(),
        "jobs": pm.home.jobs.dump(),
        "rollout": pm.rollout.dump(),
        "frames": pm.streams.dump(),
        **pm.timed.dump(),
        "loaders": pm.loaders.dump(),
        "sockets": pm.processes.belongings.dump(),
        "terminals": pm.processes.belongings.dump_terminals(),
        "questions": pm.processes.questions.dump(),
        "files": pm.system.files(),
    }
    own = [fd for fd in (pm.input_fd, pm.pipe_fd) if fd >= 0]
    watched = [fd for run in runs.all() if run.watch for fd in run.watch.fds()]
    return state, own + watched + pm.logs.fds() + pm.processes.belongings.fds()


def resume(pm: Pm, state: dict[str, Any]) -> None:
    """Go on with it. Same pid, same children: those that ended meanwhile are reaped as usual."""
    pm.system.keep_files(state.get("files", pm.system.files()))
    pm.engine.machine = Machine.load(state["machine"], pm.system.now())
    pm.engine.runs.restore(state["runs"])
    for unit, number, watch in state["watches"]:
        run = pm.engine.runs.get(unit, number)
        if run is not None:
            pm.processes.resume(run, watch)
    pm.logs.restore(state["logs"])
    held = state.get("sockets", []), state.get("terminals", {})
    pm.processes.belongings.restore(*held, pm.engine.runs.all(), pm.engine.active)
    pm.board.wants = state["wants"]
    pm.board.notes = state["notes"]
    pm.owner.restore(state["goals"])
    pm.timed.restore(state)
    pm.loaders.restore(state.get("loaders", []))
    _follow(pm, state["marches"])
    pm.rollout.restore(state["rollout"])
    pm.debts.recall()
    pm.home.jobs.restore(state["jobs"], {run.job for run in pm.engine.runs.all()})
    for unit, run, step in state.get("questions", []):
        spec = pm.engine.active(unit)
        if spec is not None:
            pm.processes.spawn(Spawn(unit, run, step), spec)
    pm.streams.restore(state.get("frames"))


def _follow(pm: Pm, marches: list[Any]) -> None:
    """Go on reporting to who waits for a march."""
    if marches:
        from enve_pm.shell.plan.answers import Accepted

        pm.reports.restore(marches, Accepted)
