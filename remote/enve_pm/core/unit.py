"""UnitSpec: one unit as the plan wants it, read strictly from a line (contracts, section 2)."""

from __future__ import annotations

from enve_pm.core import address, rootpath, stages, walls
from enve_pm.core import room as rooms
from enve_pm.core.fieldcheck import Bad
from enve_pm.core.fields import FIELDS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

PROCESS = "process"
SUBPM = "subpm"
RESOURCE = "resource"
JOB = "job"
MOUNT = "mount"
VOLUME = "volume"
SUBROOT = "subroot"
NETWORK = "network"
TIMER = "timer"
LOADER = "loader"
STAGE = "stage"
# Kinds whose check, make and undo are done by `enve_pm.maker`; what they are stands in the line
# under the name of the kind.
ROOMS = frozenset((MOUNT, VOLUME, SUBROOT, NETWORK))
# Kinds whose line says what they are under their own name.
BODIES = ROOMS | {TIMER, LOADER, STAGE}
# Kinds that a check judges, and no pid: see `core.making`.
CHECKED = frozenset((RESOURCE, JOB, *BODIES))
# ... and of these, those whose check, make and undo are pm's own.
BUILT_IN = CHECKED - {RESOURCE}
# ... and which leave nothing that has to be undone: what a stage made is used until another version
# takes its place.
LASTING = frozenset((STAGE,))

# Values are shared between units: nobody may change them.
DEFAULTS: Mapping[str, Any] = {
    "kind": PROCESS,
    "want": "up",
    "command": [],
    "env": {},
    "secret_env": [],
    "cwd": "",
    "user": "",
    "group": "",
    "umask": 0o022,
    "nice": 0,
    "rlimits": {},
    "needs": [],
    "wants": [],
    "after": [],
    "on_restart": {},
    "restart": "always",
    "restart_max": 0,
    "stop_signal": "TERM",
    "start_timeout": 60_000,
    "stop_timeout": 10_000,
    "ready": {"how": "wait", "ms": 100},
    "health": {},
    "watchdog": 0,
    "check": [],
    "make": [],
    "undo": [],
    "check_every": 0,
    "drift": "heal",
    "each": "boot",
    "excl": "",
    "reload": {},
    "log_size": 1_048_576,
    "log_keep": 3,
    "files": {},
    "product": {},
    "mode": "",
    "program": "",
    "single": False,
}

# Keys that a kind needs, and keys that mean nothing for it.
NOTHING: Mapping[str, Any] = {}
_REQUIRED = {PROCESS: ("command",), JOB: ("command",), RESOURCE: ("check",), SUBPM: ("mode",)}
_ALIVE = ("health", "watchdog")
_FOREIGN = {
    PROCESS: ("make", "undo", "excl", "check_every", "drift", "each", "mode", "program"),
    RESOURCE: ("command", "ready", *_ALIVE, "reload", "each", "mode", "program"),
    JOB: ("ready", *_ALIVE, "reload", "check", "make", "check_every", "drift", "mode", "program"),
    SUBPM: (
        *("command", "ready", *_ALIVE, "reload", "check", "make", "undo", "excl", "check_every"),
        *("drift", "each", "files", "product", "stop_signal"),
    ),
}
_OF_PROCESSES = (
    *(
        "command",
        "env",
        "secret_env",
        "cwd",
        "umask",
        "nice",
        "rlimits",
        "stop_signal",
        "ready",
        "reload",
    ),
    *_ALIVE,
    *("check", "make", "undo", "each", "mode", "program"),
)
for _kind in ROOMS:
    _REQUIRED[_kind] = (_kind,)
    _FOREIGN[_kind] = (*_OF_PROCESSES, *(() if _kind == SUBROOT else ("product",)))
_REQUIRED[TIMER] = (TIMER,)
_FOREIGN[TIMER] = (
    *_OF_PROCESSES,
    *("user", "group", "files", "product", "excl", "check_every", "drift", "log_size", "log_keep"),
)
_REQUIRED[STAGE] = (STAGE,)
_FOREIGN[STAGE] = (
    *("command", "cwd", "umask", "stop_signal", "ready", "reload", *_ALIVE, "check", "make"),
    *("undo", "each", "mode", "program", "capabilities", "namespaces", "hostname", "net", "root"),
    *("hidden", "jail", "users", "sockets", "terminal"),
)
_REQUIRED[LOADER] = (LOADER,)
_FOREIGN[LOADER] = (
    *("command", "cwd", "stop_signal", "ready", "reload", *_ALIVE, "check", "make", "undo", "each"),
    *("mode", "program", "product", "excl", "check_every", "drift", "root", "jail", "users"),
)
for _kind in (*ROOMS, TIMER):
    _FOREIGN[_kind] = (*_FOREIGN[_kind], *rooms.FIELDS)
for _kind in (PROCESS, RESOURCE, JOB):
    _FOREIGN[_kind] = (*_FOREIGN[_kind], "jail", "users")
_FOREIGN[SUBPM] = (*_FOREIGN[SUBPM], *(key for key in rooms.FIELDS if key not in walls.KEYS))
# ... and what only other kinds have.
_STRANGE = {kind: frozenset((*keys, *(BODIES - {kind}))) for kind, keys in _FOREIGN.items()}


class UnitError(ValueError):
    """A line that is no unit: `field` (a path such as `env.PATH`), what was wanted and found."""

    def __init__(self, field: str, wanted: str, found: object) -> None:
        shown = found if isinstance(found, str) else repr(found)
        shown = shown if len(shown) <= 80 else shown[:77] + "..."
        super().__init__(f"{field}: wanted {wanted}, found {shown}")
        self.field = field
        self.wanted = wanted
        self.found = shown


class UnitSpec:
    """What a unit is. Attributes are the keys of the line, with defaults; times in milliseconds.

    `raw` is the mapping that was read, `unit` the name within its own pm (the last segment of
    `name`). All of it is shared: read only. Two specs are equal when their lines mean the same.
    The mapping itself holds the attributes, and the class the defaults: to read one is no call, and
    what a line does not say takes no room.
    """

    __slots__ = ("__dict__", "room", "unit")

    if TYPE_CHECKING:
        name: str  # its address
        unit: str
        room: Mapping[str, Any]  # ... and of those keys in `core.room`
        kind: str
        want: str
        command: Sequence[str]
        env: Mapping[str, str]
        secret_env: Sequence[str]
        cwd: str
        user: str
        group: str
        umask: int
        nice: int
        rlimits: Mapping[str, int]
        needs: Sequence[str]
        wants: Sequence[str]
        after: Sequence[str]
        on_restart: Mapping[str, str]
        restart: str
        restart_max: int
        stop_signal: str
        start_timeout: int
        stop_timeout: int
        ready: Mapping[str, Any]
        health: Mapping[str, Any]
        watchdog: int
        check: Sequence[str]
        make: Sequence[str]
        undo: Sequence[str]
        check_every: int
        drift: str
        each: str
        excl: str
        reload: Mapping[str, Any]
        log_size: int
        log_keep: int
        files: Mapping[str, Mapping[str, Any]]
        product: Mapping[str, Any]
        mode: str
        program: str
        single: bool

    @classmethod
    def parse(cls, line: dict[str, Any]) -> UnitSpec:
        """Read a line (already parsed JSON) or raise UnitError."""
        _check_keys(line)
        spec = cls.again(line, address.parse(line["name"])[-1])
        _check_kind(spec)
        _check_edges(spec)
        return spec

    @classmethod
    def again(cls, line: dict[str, Any], unit: str) -> UnitSpec:
        """The spec of a line that `parse` has read before, and the unit that it named: it is not
        judged again, which would take up most of a change of program."""
        spec = cls()
        spec.__dict__ = line
        spec.unit = line["name"] if line["name"] == unit else unit  # one text, not two
        spec.room = rooms.of(line)
        return spec

    @property
    def raw(self) -> Mapping[str, Any]:
        """The line."""
        return self.__dict__

    @property
    def body(self) -> Mapping[str, Any]:
        """What the line says under the name of the kind."""
        body: Mapping[str, Any] = self.raw.get(self.kind, NOTHING)
        return body if self.kind in BODIES else NOTHING

    @property
    def checked(self) -> bool:
        """Whether a check judges it, and no pid."""
        return self.kind in CHECKED

    @property
    def heals(self) -> bool:
        """Whether it is made anew when its check says no; else that is only shown."""
        return self.drift == "heal" and self.kind != LOADER

    @property
    def makes(self) -> bool:
        """Whether pm can bring it about where the check says no."""
        return bool(self.make) or self.kind in BUILT_IN

    @property
    def undoes(self) -> bool:
        """Whether there is something to do about it when it shall be gone."""
        return bool(self.undo) or self.kind in BUILT_IN - LASTING

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, UnitSpec):
            return NotImplemented
        if self.raw == other.raw:
            return True
        keys = ("name", "body", "room", *DEFAULTS)
        return all(getattr(self, key) == getattr(other, key) for key in keys)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"UnitSpec({self.name!r}, kind={self.kind!r})"


for _key, _default in DEFAULTS.items():
    setattr(UnitSpec, _key, _default)


def takes(kind: str, key: str) -> bool:
    """Whether the key means something for units of that kind."""
    return key not in _FOREIGN[kind]


def _check_keys(line: Mapping[str, Any]) -> None:
    if not isinstance(line, dict):
        raise UnitError("line", "a mapping", line)
    for key, value in line.items():
        check = FIELDS.get(key)
        if check is None:
            raise UnitError(str(key), "a known key", "a key that no unit has")
        try:
            check(value)
        except Bad as bad:
            raise UnitError(key + "".join(bad.args[2:]), bad.args[0], bad.args[1]) from None
    for key in ("v", "name"):
        if key not in line:
            raise UnitError(key, "a value", "nothing")


def _check_kind(spec: UnitSpec) -> None:
    for key in _REQUIRED[spec.kind]:
        if key not in spec.raw:
            raise UnitError(key, f"a value, as kind is {spec.kind}", "nothing")
    if not _STRANGE[spec.kind].isdisjoint(spec.raw):
        key = min(_STRANGE[spec.kind].intersection(spec.raw))
        raise UnitError(key, f"no such key, as kind is {spec.kind}", spec.raw[key])
    if spec.kind == PROCESS and ("check" in spec.raw) != (spec.ready["how"] == "check"):
        raise UnitError("check", "a command exactly where ready.how is check", spec.check)
    if spec.watchdog and spec.ready["how"] != "notify":
        raise UnitError("watchdog", "`ready: notify` beside it, or 0", spec.watchdog)
    if spec.kind == TIMER and spec.body["unit"] == spec.unit:
        raise UnitError("timer.unit", "another unit", spec.unit)
    if spec.kind in _CHECKS:
        _CHECKS[spec.kind](spec)
    if spec.kind != STAGE and stages.split(spec.unit) is not None:
        raise UnitError("name", "another one, as only a stage is called so", spec.unit)
    if spec.kind not in (RESOURCE, *ROOMS) and stages.settled(spec.unit):
        raise UnitError("name", "another one, as only a part of a root is called so", spec.unit)
    if spec.mode == "root" and spec.user:
        raise UnitError("user", "no user, as mode is root", spec.user)
    flaw = rooms.flaw(spec) if spec.room else None
    if flaw is not None:
        raise UnitError(*flaw)


def _check_network(spec: UnitSpec) -> None:
    from enve_pm.core import network  # most pms have none

    try:
        network.check_name(spec)
    except Bad as bad:
        raise UnitError("network.name", bad.args[0], bad.args[1]) from None


def _check_mount(spec: UnitSpec) -> None:
    for key, name in rootpath.units(spec.body).items():
        if name not in spec.needs:
            raise UnitError("mount." + key, "a unit that stands in needs", name)


def _check_stage(spec: UnitSpec) -> None:
    from enve_pm.core import stagebody  # most pms have none

    flaw = stagebody.flaw(spec)
    if flaw is not None:
        raise UnitError(*flaw)


_CHECKS = {NETWORK: _check_network, MOUNT: _check_mount, STAGE: _check_stage}


def _check_edges(spec: UnitSpec) -> None:
    for key in ("needs", "wants", "after"):
        if spec.unit in getattr(spec, key):
            raise UnitError(key, "other units", spec.unit)
    for name, answer in spec.on_restart.items():
        if name not in spec.needs:
            raise UnitError(f"on_restart.{name}", "a unit that stands in needs", name)
        if answer == "reload" and not spec.reload:
            raise UnitError(f"on_restart.{name}", "a way to reload (the key reload)", answer)
