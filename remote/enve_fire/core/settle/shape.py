"""What a profile may say under `settle`: strict, and nothing that pm has no unit for."""

from __future__ import annotations

from enve_fire.core.settle.words import absolute, line, mirror, package, user_name
from enve_pm.core import network as networks
from enve_pm.core import networkbody
from enve_pm.core.fieldcheck import (
    Bad,
    below,
    boolean,
    integer,
    one_of,
    place,
    record,
    several,
    tagged,
    text,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Mapping

MOST = 64  # of each list
NONE, TAR, SNAPSHOT, DEBOOTSTRAP = "none", "tar", "snapshot", "debootstrap"
CHROOT, JAIL = "chroot", "jail"
BIND, TMPFS = "bind", "tmpfs"
NO_SHELL = "/usr/sbin/nologin"
BIG = 2**53 - 1
LARGEST_ID = 2**32 - 2
_FROM = "none, tar:URL, snapshot:PATH or {debootstrap: {suite: ...}}"


_debootstrap = record(
    {DEBOOTSTRAP: record({"suite": package}, {"mirror": mirror, "include": several(package, MOST)})}
)


def _from(value: Any) -> Any:
    if isinstance(value, dict):
        return _debootstrap(value)
    kind, _, rest = value.partition(":") if isinstance(value, str) else ("", "", "")
    if value != NONE and (kind not in (TAR, SNAPSHOT) or not rest):
        raise Bad(_FROM, value)
    if kind == SNAPSHOT:
        absolute(rest)
    return text(4096)(value)


_ids = integer(1, LARGEST_ID)
_user = record({"name": user_name, "uid": _ids}, {"gid": _ids, "home": line, "shell": line})
_mounts = {
    BIND: record({"type": text(), "src": place, "dst": absolute}, {"ro": boolean}),
    TMPFS: record(
        {"type": text(), "dst": absolute},
        {"ro": boolean, "size": integer(4096, BIG), "mode": integer(0, 0o1777)},
    ),
}


def _mount(value: Any) -> Any:
    if isinstance(value, dict) and value.get("type") == "loop":
        raise Bad("bind or tmpfs: what a loop device holds is mounted by root, outside", "loop")
    return tagged("type", _mounts)(value)


_volume = record(
    {"path": place},
    {
        "mode": integer(0, 0o7777),
        "user": text(64),
        "quota": integer(4096, BIG),
        "subvolume": one_of("auto", "yes", "no"),
        "ephemeral": boolean,
    },
)
_network = record(
    {"netns": networks.netns_name},
    {key: lambda value: value for key in ("addr", "bridge", "outer", "gateway")},
)
_shape = record(
    {},
    {
        "path": place,
        "from": _from,
        "users": several(_user, MOST),
        "mounts": several(_mount, MOST),
        "volumes": several(_volume, MOST),
        "network": _network,
        "isolate": one_of(NONE, CHROOT, JAIL),
    },
)


def check(value: Any) -> Any:
    """The section as it came. Raises Bad."""
    _shape(value)
    _once(value, "users", "name")
    _once(value, "mounts", "dst")
    _once(value, "volumes", "path")
    if "network" in value:
        below(".network", networkbody.body, network(value["network"]))
    if value.get("isolate") == NONE and "network" in value:
        raise Bad("chroot or jail, as it has a network of its own", NONE, ".isolate")
    return value


def _once(value: Mapping[str, Any], key: str, name: str) -> None:
    found = [one[name] for one in value.get(key, ())]
    for number, one in enumerate(found):
        if one in found[:number]:
            raise Bad("each %s once" % name, one, ".%s[%d].%s" % (key, number, name))


def network(found: Mapping[str, Any]) -> dict[str, Any]:
    """As pm's line has it."""
    body: dict[str, Any] = {"type": networks.NAMESPACE, "name": found["netns"]}
    for key, name in (("addr", "addresses"), ("outer", "outer"), ("gateway", "gateway")):
        if key in found:
            body[name] = found[key] if isinstance(found[key], list) else [found[key]]
    if "bridge" in found:
        body["bridge"] = found["bridge"]
    return body


def origin(section: Mapping[str, Any]) -> tuple[str, Any]:
    """(kind, what it is made of): a url, a path, the words for debootstrap, or ""."""
    found = section.get("from", NONE)
    if isinstance(found, dict):
        return DEBOOTSTRAP, found[DEBOOTSTRAP]
    kind, _, rest = found.partition(":")
    return kind, rest


def own_binds(section: Mapping[str, Any]) -> list[str]:
    """Folders of this machine that are shown where they are out here, read-only."""
    rows = section.get("mounts", ())
    return [
        one["dst"]
        for one in rows
        if one["type"] == BIND and one.get("ro") and one["src"] == one["dst"]
    ]
