"""The states, wants and steps of a unit: the words that stand on disk, on the wire and on screens.

Plain strings, not enums: importing enum's users costs the resident program memory, and the text
of `units/ID/state` is these words (memo, "pm spot").
"""

STOPPED = "STOPPED"
SCHE_START = "SCHE_START"  # waits for its dependencies
STARTING = "STARTING"
RUNNING = "RUNNING"
SCHE_STOP = "SCHE_STOP"  # waits for its dependents
STOPPING = "STOPPING"
STARTING_FAIL = "STARTING_FAIL"
FAIL = "FAIL"

STATES = (STOPPED, SCHE_START, STARTING, RUNNING, SCHE_STOP, STOPPING, STARTING_FAIL, FAIL)

UP = "up"
DOWN = "down"

# What a unit needs before its new parameters are in force (field `stale`), weakest first.
FRESH = ""
LIVE = "live"
RELOAD = "reload"
RESTART = "restart"
STALENESS = (FRESH, LIVE, RELOAD, RESTART)

# The steps that a unit can be asked to perform by an effect.
START = "start"  # a process: its command; a subpm: its pm
CHECK = "check"
MAKE = "make"
UNDO = "undo"
HEALTH = "health"
RELOAD_STEP = "reload"
