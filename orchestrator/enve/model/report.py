"""What happens while enve works, as versioned events, and the rows of a listing.

Events first, screens second: `enve.app` emits these, the renderers of `enve.cli` turn them into
text, JSON lines, CSV. The names of classes and fields are the names in `-o jsonl`
(`{"v":1,"event":"result","node":...}`): to add a field with a default is compatible, anything
else is a new VERSION.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

VERSION = 1

# How one node (or one address) came out of a command. Each has one exit code: `enve.core.verdict`.
Outcome = Literal[
    "changed",  # deployed, applied
    "unchanged",  # nothing to do
    "pending",  # would change: --check, --diff
    "skipped",  # left out, see the detail
    "failed",  # reached, and something on it failed
    "unreachable",
    "refused",
    "leased",
    "rolled-back",
    "deadline",  # still at work, or unknown
    "unexpected",  # a bug of ours met this node
]

# `+` create, `-` remove, `~` change in place, `-/+` replace, `>` start, `<` stop,
# `?` known only on the node, "" the same
Symbol = Literal["+", "-", "~", "-/+", ">", "<", "?", ""]


@dataclass(frozen=True, slots=True)
class Problem:
    """An error as data: what `enve.errors.EnveError` carries. `code` is its exit code."""

    message: str
    code: int
    kind: str = ""  # unreachable: timeout refused hostkey login lost unresolved; else ""
    where: str = ""  # file:line:column
    notes: tuple[str, ...] = ()
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Begin:
    """A command starts on these nodes, in the inventory's order."""

    command: str  # deploy march start stop ...
    nodes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """A node is now at `step` (for people: connect, look, send, wait, `build of lua-5.4.4 for
    web`); `age`: for how many seconds already, where that is known."""

    node: str
    step: str
    detail: str = ""
    age: float = 0.0


@dataclass(frozen=True, slots=True)
class Change:
    """One line of a difference: `~  edge  reload  nginx.conf +2 -1`."""

    symbol: Symbol
    name: str  # the address below the node
    action: str = ""  # reload, restart, start, stop, live
    detail: str = ""
    diff: str = ""  # a unified diff, several lines, without secrets
    by_hand: bool = False  # its want was set by hand, and is set back


@dataclass(frozen=True, slots=True)
class Difference:
    """What would change, once for all the nodes that it is the same for. No changes: up to date."""

    nodes: tuple[str, ...]
    changes: tuple[Change, ...]
    title: str = ""  # `shop #13 (held: #12 by alice, 2 h ago)`


@dataclass(frozen=True, slots=True)
class Notice:
    """A line for people that belongs to no single node: `signed once by alice 9F2C..41AB`."""

    text: str
    level: Literal["info", "warning"] = "info"


@dataclass(frozen=True, slots=True)
class Result:
    """The last word on one node, or on one address of it. One per node in a deploy or a march."""

    node: str
    outcome: Outcome
    detail: str = ""  # for people: `pm 0.1.0 installed, 2 keyholes, 4 spots`
    seconds: float = 0.0
    problem: Problem | None = None
    address: str = ""  # when the result is about one resource
    verdict: str = ""  # a march: the node's own last word (`enve.model.march.Word`)
    output: str = ""  # what was asked for: logs, parameters; several lines, as the node gave them
    stderr: str = ""  # of a command that was run there, likewise
    status: int | None = None  # its exit status, -signal; None: none was run


@dataclass(frozen=True, slots=True)
class Printed:
    """One line that a resource printed just now (`logs -f`), as it came, without its line feed."""

    node: str
    address: str
    line: str


@dataclass(frozen=True, slots=True)
class End:
    """The command is over. `summary`: `3 deployed, 1 unchanged, 0 failed`; "" = count outcomes."""

    code: int
    seconds: float = 0.0
    summary: str = ""


Event = Begin | Step | Difference | Notice | Result | Printed | End
Emit = Callable[[Event], None]


@dataclass(frozen=True, slots=True)
class Row:
    """One resource of the fleet, or a node of which no more than its trouble is known.

    `state` is a word of `enve_pm.core.states`, or "" where none is known; `since` unix
    milliseconds, 0 = unknown; `pid` 0 = none; `alive` False: the state is the last one that a
    dead pm had written.
    """

    address: str
    node: str
    state: str = ""
    since: int = 0
    restarts: int = 0
    pid: int = 0
    detail: str = ""
    # pm, process, resource, subpm; node: only the node is known; removed: of no pm any more
    kind: str = ""
    want: str = ""
    spot: str = ""  # the address below the node
    commit: str = ""  # of the artifact that the spot holds, 12 hex digits
    plan: str = ""  # LANE#SERIAL
    key: str = ""  # who signed: a fingerprint's end, or a name
    drift: bool = False
    alive: bool = True
    problem: Problem | None = None  # why the node could not be listed
