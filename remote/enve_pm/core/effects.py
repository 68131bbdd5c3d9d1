"""What goes into the state machine (events) and what comes out (effects).

The machine decides, the shell acts. A `run` is a number that the machine gives to each step that
it asks for; every event about that step repeats it, so that late news of an older run is seen to
be late. Times are integers: milliseconds of CLOCK_MONOTONIC.
"""

from enve_pm.core.lean import namedtuple

# -- events: from the plan and from clients -------------------------------------------------------
Define = namedtuple("Define", "unit spec")  # a new unit, or new parameters (spec: UnitSpec)
Remove = namedtuple("Remove", "unit")  # stop it, undo it, forget it
Want = namedtuple("Want", "unit want why")  # want: up | down; why: "plan", "manual by NAME"
Owes = namedtuple("Owes", "unit spec")  # at the start: made by this spec, and maybe still there
Call = namedtuple("Call", "unit why")  # start it though the plan has it down: until it ends
Apply = namedtuple("Apply", "unit")  # bring a stale unit up to date by its class
# One stop, one start, with the newest parameters; starts it if it is down. why: as in Want.
Restart = namedtuple("Restart", "unit why", defaults=("manual",))
Reload = namedtuple("Reload", "unit")  # needs RUNNING
ResetFailed = namedtuple("ResetFailed", "unit")
Recheck = namedtuple("Recheck", "unit")  # a resource: run its check now

# -- events: from the shell -----------------------------------------------------------------------
Spawned = namedtuple("Spawned", "unit run pid")  # the step's process exists
SpawnFailed = namedtuple("SpawnFailed", "unit run reason")  # reason: "exec:ENOENT", "place:..."
# Main process and all that it left behind are gone. code: exit status >= 0, or -SIGNAL; why: what
# the step itself says, for people.
Exited = namedtuple("Exited", "unit run code why", defaults=("",))
OOM = -1000  # a code: the kernel killed something of it for want of memory
Silent = namedtuple("Silent", "unit run why")  # it has not said in time that it is alive
Ready = namedtuple("Ready", "unit run pid")  # readiness announced; pid: the main one by now

# -- effects --------------------------------------------------------------------------------------
# Do this step (states.START, CHECK, MAKE, UNDO, RELOAD_STEP, HEALTH) with the parameters in
# `machine.units[unit].active`. The shell answers each one: SpawnFailed, or Spawned and later
# Exited. RELOAD_STEP: place the files, then send the signal (Exited 0 at once) or run the command.
Spawn = namedtuple("Spawn", "unit run step")
# signal: a name such as TERM; tree: the whole subtree, not the group only. A stop signal comes
# after Spawned; a KILL may come before it, and is then for the process as soon as it exists.
Signal = namedtuple("Signal", "unit run signal tree")
Changed = namedtuple("Changed", "unit")  # the public state differs: write it, show it
Gone = namedtuple("Gone", "unit")  # removed: its files can go
