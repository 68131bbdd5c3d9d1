"""A process with pm's loop, runs and logs but no state machine: it does what its stdin says and
prints each event as a row of JSON.

    ["spawn", UNIT, RUN, STEP, LINE]   ["signal", UNIT, RUN, NAME, TREE]
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3] / "remote"))

from enve_pm.core.effects import Signal, Spawn
from enve_pm.core.unit import UnitSpec
from enve_pm.resource.base import Runs
from enve_pm.resource.process import Processes
from enve_pm.shell.events.loop import Loop
from enve_pm.shell.events.system import System
from enve_pm.shell.guard import program, subtree
from enve_pm.shell.log.logpipe import LogPipes
from enve_pm.shell.state.home import Home


def emit(event: tuple[object, ...]) -> None:
    print(json.dumps([type(event).__name__, *event]), flush=True)


class Alone:
    def __init__(self, home: str) -> None:
        self.loop = Loop(System())
        self.home = Home(home, self.loop.system)
        self.home.make()
        self.logs = LogPipes(self.loop, program.argv(program.here(), "_logger"), self.home.log)
        self.runs = Runs(self.loop, self.home, emit)
        self.processes = Processes(self.loop, self.home, self.logs, self.runs, emit)
        self.runs.heir = self.processes.heir
        self.runs.over = self.processes.over
        self.loop.after = self.runs.settle
        self.loop.watch(0, self.read)
        self.specs: dict[str, UnitSpec] = {}
        self.started: dict[str, int] = {}  # the number of the last start
        self.runs.number_of = lambda unit: self.started.get(unit, 0)
        self.rest = b""

    def read(self) -> None:
        data = os.read(0, 65536)
        if not data:
            self.loop.stop(0)
        *rows, self.rest = (self.rest + data).split(b"\n")
        for row in rows:
            verb, unit, run, *more = json.loads(row)
            if verb == "spawn":
                step, line = more
                if step == "start":
                    self.started[unit] = run
                self.specs[unit] = UnitSpec.parse(line)
                self.processes.spawn(Spawn(unit, run, step), self.specs[unit])
            else:
                self.processes.signal(Signal(unit, run, *more), self.specs[unit])


os.chdir("/")
subtree.become_subreaper()
sys.exit(Alone(sys.argv[1]).loop.run())
