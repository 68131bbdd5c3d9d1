"""The keys of a unit's line, one check each: `FIELDS[key](value)` gives the value or raises Bad."""

from __future__ import annotations

from enve_pm.core import room, rootpath, target
from enve_pm.core.fieldcheck import (
    Bad,
    argv,
    below,
    boolean,
    env_name,
    full_name,
    integer,
    mapping,
    names,
    one_of,
    places,
    record,
    relative_path,
    sha256,
    strings,
    tagged,
    text,
    unit_name,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from enve_pm.core.fieldcheck import Check

DAY = 86_400_000  # ms
BIG = 2**53 - 1  # integers of canonical JSON
SIGNALS = ("TERM", "INT", "HUP", "QUIT", "USR1", "USR2", "KILL")
# What pm keeps in a spot's directory.
RESERVED = (
    ".placed",
    ".placed.new",
    ".product.new",
    ".product.old",
    ".upper",
    ".notify",
    ".inbox",
    ".fetched",
)
TREE = ".tree-"  # begins the names of folders that hold the files of a root
RLIMITS = ("nofile", "nproc", "core", "as", "data", "fsize", "stack", "memlock", "cpu")


def _reload(value: Any) -> Any:
    if isinstance(value, dict) and "command" in value:
        return record({"command": argv})(value)
    return record({"signal": one_of(*SIGNALS[:-1])})(value)


_path = text(1024)


def _env_names(value: Any) -> Any:
    """Variables, each once."""
    if not isinstance(value, list) or len(value) > 1024 or len(set(map(str, value))) < len(value):
        raise Bad("a list of at most 1024 variables, each once", value)
    for i, name in enumerate(value):
        below(f"[{i}]", env_name, name)
    return value


def _target(read: Callable[[str], Any]) -> Check:
    def check(value: Any) -> Any:
        text(target.LONGEST)(value)
        try:
            read(value)
        except target.TargetError as error:
            raise Bad(str(error), value) from None
        return value

    return check


_how = one_of("wait", "pidfile", "notify", "fd", "check", *target.KEYS)
# What pm can ask itself, for readiness and for health.
_asked = {
    target.TCP: {"how": _how, "address": _target(target.address)},
    target.HTTP: {"how": _how, "url": _target(target.url)},
    target.UNIX: {"how": _how, "socket": text(100)},
    target.FILE: {"how": _how, "path": _path},
}
_ready = {
    **{how: record(keys) for how, keys in _asked.items()},
    "wait": record({"how": _how, "ms": integer(0, DAY)}),
    "pidfile": record({"how": _how, "path": _path}),
    "notify": record({"how": _how}),
    "fd": record({"how": _how, "fd": integer(3, 255)}),
    "check": record({"how": _how}),
}

_health_keys = {
    "every": integer(100, DAY),
    "timeout": integer(10, DAY),
    "failures": integer(1, 1000),
    "on_failure": one_of("restart", "report"),
}
_health = {
    "command": record({"how": one_of("command"), "command": argv}, _health_keys),
    **{how: record(keys, _health_keys) for how, keys in _asked.items()},
}


def _files(value: Any) -> Any:
    """Paths in the spot's directory, none of them below another, and none of pm's own."""
    mapping(relative_path, record(_file))(value)
    for path in value:
        head = path.split("/")[0]
        if head in RESERVED or head.startswith(TREE):
            raise Bad("a name that pm does not use itself", head, f".{path}")
        above = path.rpartition("/")[0]
        while above:
            if above in value:
                raise Bad(f"a file or a folder {above}, not both", path, f".{path}")
            above = above.rpartition("/")[0]
    return value


_file = {"sha256": sha256, "size": integer(0, BIG), "mode": integer(0, 0o7777)}
_product = {"kind": one_of("tar"), "sha256": sha256, "size": integer(0, BIG)}
_options = strings("ro", "nosuid", "nodev", "noexec", "suid", "dev")
_type = one_of("bind", "tmpfs")
_spot, _own = rootpath.check, rootpath.own
_mounts = {
    "bind": record({"type": _type, "at": _spot, "from": _spot}, {"options": _options}),
    "tmpfs": record(
        {"type": _type, "at": _spot},
        {"options": _options, "size": integer(4096, BIG), "mode": integer(0, 0o1777)},
    ),
}
_volume = record(
    {"path": _own},
    {
        "mode": integer(0, 0o7777),
        "subvolume": one_of("auto", "yes", "no"),
        "quota": integer(4096, BIG),
        "ephemeral": boolean,
    },
)
_root = one_of("tar", "overlay", "bind")
_subroots = {
    "tar": record({"type": _root, "at": _own}, {"setuid": boolean}),
    "overlay": record(
        {"type": _root, "at": _own, "lower": places}, {"size": integer(4096, BIG), "upper": _own}
    ),
    "bind": record({"type": _root, "at": _own, "paths": places}),
}


def _cron(value: Any) -> Any:
    from enve_pm.core import cron  # most pms have no timer

    text(cron.LONGEST)(value)
    try:
        cron.parse(value)
    except cron.CronError as error:
        raise Bad(*error.args) from None
    return value


def _network(value: Any) -> Any:
    from enve_pm.core import networkbody  # most pms have none

    return networkbody.body(value)


def _loader(value: Any) -> Any:
    from enve_pm.core import loaderbody  # most pms have none

    return loaderbody.body(value)


def _stage(value: Any) -> Any:
    from enve_pm.core import stagebody  # most pms have none

    return stagebody.body(value)


_do = one_of("start", "restart", "reload", "recheck")
_timer_keys = {"every": integer(1000, 400 * DAY), "at": _cron}


def _timer(value: Any) -> Any:
    """Either an interval or times."""
    optional = {**_timer_keys, "jitter": integer(0, DAY), "catch_up": boolean}
    record({"unit": unit_name, "do": _do}, optional)(value)
    if ("every" in value) == ("at" in value):
        raise Bad("every or at", "both" if "every" in value else "neither")
    return value


FIELDS: Mapping[str, Check] = {
    "v": integer(1, 1),
    "name": full_name,
    "kind": one_of(
        *("process", "resource", "job", "mount", "volume", "subroot", "network", "timer", "loader"),
        *("stage", "subpm"),
    ),
    "want": one_of("up", "down"),
    "command": argv,
    "env": mapping(env_name, text(32768, 0)),
    "secret_env": _env_names,
    "cwd": _path,
    "user": text(64),
    "group": text(64),
    "umask": integer(0, 0o777),
    "nice": integer(-20, 19),
    "rlimits": mapping(one_of(*RLIMITS), integer(-1, BIG)),
    "needs": names,
    "wants": names,
    "after": names,
    "on_restart": mapping(unit_name, one_of("restart", "reload", "ignore"), 10_000),
    "restart": one_of("always", "on-failure", "never"),
    "restart_max": integer(0, 1_000_000),
    "stop_signal": one_of(*SIGNALS),
    "start_timeout": integer(1, DAY),
    "stop_timeout": integer(1, DAY),
    "ready": tagged("how", _ready),
    "health": tagged("how", _health),
    "watchdog": integer(0, DAY),
    "check": argv,
    "make": argv,
    "undo": argv,
    "check_every": integer(0, DAY),
    "drift": one_of("heal", "report"),
    "each": one_of("boot", "change"),
    "excl": text(128, 0),
    "reload": _reload,
    "log_size": integer(1024, BIG),
    "log_keep": integer(0, 1000),
    "files": _files,
    "product": record(_product),
    "mount": tagged("type", _mounts),
    "volume": _volume,
    "subroot": tagged("type", _subroots),
    "network": _network,
    "timer": _timer,
    "loader": _loader,
    "stage": _stage,
    "mode": one_of("root", "user"),
    "program": _path,
    "single": boolean,
    **room.FIELDS,
}
