"""The trust state on disk: `trust/state.json`, the one file whose replacement accepts a plan, and
deploy's `trust/floors.json` and `trust/clock.json`."""

from __future__ import annotations

from enve_pm.core import shape
from enve_pm.core.canonical import dumps, loads
from enve_pm.core.lean import namedtuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

GENERATIONS = 5  # unless the blueprint's limits say otherwise
MOST_GENERATIONS = 64

# serial, hash: of the held head; leaf, salt: of the held part; active: the serial whose state was
# reached last (0 = none); generations: serials whose plans are kept, oldest first.
Lane = namedtuple("Lane", "serial hash leaf salt active generations")
# {lane: Lane}, {lane: serial}: of a node that was deployed before floors had a file of their own
State = namedtuple("State", "lanes floors")
Clock = namedtuple("Clock", "deployed floor")  # unix seconds

EMPTY = State({}, {})


def encode_state(state: State) -> bytes:
    lanes = {name: dict(lane._asdict()) for name, lane in state.lanes.items()}
    return dumps({"v": 1, "lanes": lanes, "floors": state.floors}) + b"\n"


def parse_state(data: bytes) -> State:
    value = shape.fields(loads(data), "state", ("v", "lanes", "floors"))
    shape.version(value["v"], "state.v")
    lanes = shape.table(value["lanes"], "state.lanes", _lane, 256)
    for name in lanes:
        shape.word(name, "state")
    return State(lanes, _floors(value["floors"], "state"))


def parse_floors(data: bytes) -> dict[str, int]:
    """{lane: serial}, of floors.json."""
    value = shape.fields(loads(data), "floors", ("v", "floors"))
    shape.version(value["v"], "floors.v")
    return _floors(value["floors"], "floors")


def _floors(value: Any, where: str) -> dict[str, int]:
    floors = shape.table(value, where + ".floors", shape.integer, 256)
    for name in floors:
        shape.word(name, where)
    return floors


def _lane(value: Any, where: str) -> Lane:
    shape.fields(value, where, Lane._fields)
    return Lane(
        shape.integer(value["serial"], where + ".serial", 1),
        shape.hexadecimal(value["hash"], where + ".hash", 64),
        shape.hexadecimal(value["leaf"], where + ".leaf", 64),
        shape.hexadecimal(value["salt"], where + ".salt", 32),
        shape.integer(value["active"], where + ".active"),
        tuple(
            shape.items(
                value["generations"], where + ".generations", shape.integer, MOST_GENERATIONS
            )
        ),
    )


def encode_clock(clock: Clock) -> bytes:
    return dumps({"v": 1, "deployed": clock.deployed, "floor": clock.floor}) + b"\n"


def parse_clock(data: bytes) -> Clock:
    value = shape.fields(loads(data), "clock", ("v", "deployed", "floor"))
    shape.version(value["v"], "clock.v")
    return Clock(
        shape.integer(value["deployed"], "clock.deployed"),
        shape.integer(value["floor"], "clock.floor"),
    )
