"""Ceilings: the blueprint fixes per spot the most that it may be, a plan can only go below it
("Accepting, on the node", 3). Otherwise every march key would be root on the node.
"""

from __future__ import annotations

from enve_pm.core import address, listening, network, pmlines, rootpath, stages
from enve_pm.core import blueprint as blueprints
from enve_pm.core.blueprint import LOG, ROOT, STOP, UNLIMITED, Ceiling, Pm
from enve_pm.core.filename import quote
from enve_pm.core.inside import NONE
from enve_pm.core.refusal import CEILING, Refused
from enve_pm.core.stagebody import PROXIES
from enve_pm.core.unit import LOADER, NETWORK, PROCESS, ROOMS, STAGE, SUBPM, SUBROOT, takes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Sequence

    from enve_pm.core.unit import UnitSpec


OFTEN = 100  # ms between two checks of a resource, at least


def place(tree: Pm, name: str) -> Any:
    """3: the Ceiling of a spot or the Pm of a sub-pm; a plan cannot make up new ones. A stage has
    its spot's."""
    steps = stages.owner(address.parse(name))
    found = blueprints.find(tree, steps)
    if found is None:
        shown = address.format(steps)
        raise Refused(CEILING, "the blueprint has no spot %s on this node" % shown)
    return found


def check(spec: UnitSpec, tree: Pm, home: str) -> None:
    """Refuse a line that is above its spot's ceiling. home: the top pm's HOME."""
    found = place(tree, spec.name)
    if isinstance(found, Pm):
        _as_laid_out(spec, found)
        return
    _kind(spec, found)
    _user(spec, found)
    _group(spec, found)
    _rlimits(spec, found)
    _nice(spec, found)
    _excl(spec, found)
    _log(spec, found.log)
    _stop(spec, found)
    _checks(spec)
    _limits(spec, found)
    _holes(spec, found)
    _rights(spec, found)
    own = directory(home, spec.name)
    _paths(spec, found, own)
    _sockets(spec, found, own)
    if spec.kind == LOADER:
        _loader(spec, found)
    elif spec.kind == STAGE:
        _stage(spec, found, home)
    elif spec.kind == NETWORK:
        _network(spec, found)
    elif spec.kind in ROOMS:
        _room(spec, found._replace(writes=(*found.writes, *_siblings(spec, home))), own)
    if spec.kind == SUBROOT and PROCESS not in found.kinds:
        _entered(spec, found, tree)
        if spec.body.get("setuid"):  # whoever reaches it, or enters it, would run it as root
            most = "its kinds, which lack process: " + " ".join(found.kinds)
            raise _above(spec, "setuid", "true", most)
    _modes(spec)


def settle(spec: UnitSpec, tree: Pm) -> dict[str, Any]:
    """The line with what the ceiling says where the plan says nothing: user and limits, and what
    may be written where all else cannot."""
    found = place(tree, spec.name)
    line = dict(spec.raw)
    named = found.user and not (isinstance(found, Pm) and found.mode == ROOT)
    if named and takes(spec.kind, "user"):
        line.setdefault("user", found.user)
    if isinstance(found, Pm) and (found.walls or found.needs):
        line.update(pmlines.walled(found, spec.needs))
    if isinstance(found, Ceiling) and found.rlimits and takes(spec.kind, "rlimits"):
        line["rlimits"] = {**found.rlimits, **spec.rlimits}
    if isinstance(found, Ceiling) and found.limits and takes(spec.kind, "limits"):
        line["limits"] = {**found.limits, **spec.room.get("limits", {})}
    if isinstance(found, Ceiling) and takes(spec.kind, "read_only"):
        _impose(line, found)
    if spec.body.get("type") == "tar" and PROCESS not in found.kinds:
        line["subroot"] = {**spec.body, "setuid": False}
    return line


def _impose(line: dict[str, Any], ceiling: Ceiling) -> None:
    """What the ceiling takes away, and what it leaves of the rest."""
    if ceiling.no_new_privs:
        line["no_new_privs"] = True
    if ceiling.read_only:
        line["read_only"] = True
    writes = [path for path in ceiling.writes if path.startswith("/")]
    if line.get("read_only") is True and (writes or "writable" in line):
        line["writable"] = sorted({*writes, *line.get("writable", ())})


def directory(home: str, name: str) -> str:
    """`spot.dir`: the spot's directory, below those of the sub-pms on the way."""
    return home + "".join("/spots/" + quote(step) for step in address.parse(name))


def _above(spec: UnitSpec, what: str, found: object, most: object) -> Refused:
    return Refused(CEILING, "%s: %s %s is above %s" % (spec.name, what, found, most))


def _as_laid_out(spec: UnitSpec, pm: Pm) -> None:
    """The tree of sub-pms comes from the blueprint only."""
    if spec.kind != SUBPM:
        raise Refused(CEILING, "%s is a pm in the blueprint, not a spot" % spec.name)
    if spec.mode != pm.mode or spec.user not in ("", pm.user):
        raise Refused(CEILING, "%s: mode and user come from the blueprint" % spec.name)
    if spec.room and spec.room != pm.walls:
        raise Refused(CEILING, "%s: its walls come from the blueprint" % spec.name)
    if spec.program or spec.group or spec.env:  # PATH, LD_PRELOAD: a pm's code as its user
        raise Refused(CEILING, "%s: a plan gives a pm no program, group or env" % spec.name)
    if "umask" in spec.raw or spec.rlimits:  # a root's prlimit could raise them for all below
        raise Refused(CEILING, "%s: a plan gives a pm no umask or rlimits" % spec.name)
    if spec.stop_timeout > STOP:
        raise _above(spec, "stop_timeout", spec.stop_timeout, STOP)
    if spec.nice < 0:
        raise _above(spec, "nice", spec.nice, 0)
    _log(spec, LOG)


def _kind(spec: UnitSpec, ceiling: Ceiling) -> None:
    """What a stage runs, a process of the spot could: it may be where those may be."""
    if (PROCESS if spec.kind == STAGE else spec.kind) not in ceiling.kinds:
        raise _above(spec, "kind", spec.kind, "its kinds: " + " ".join(ceiling.kinds))


def _loader(spec: UnitSpec, ceiling: Ceiling) -> None:
    """Its command is a process like any other, and so is what an environment can have a program
    load; and the node's own pm alone judges streams."""
    if PROCESS not in ceiling.kinds:
        most = "its kinds, which lack process: " + " ".join(ceiling.kinds)
        for name in spec.env:
            if name.lower() not in PROXIES:
                raise _above(spec, "env", name, most)
        if "command" in spec.body:
            raise _above(spec, "loader.command", spec.body["command"][0], most)
    if len(address.parse(spec.name)) > 1:
        raise Refused(CEILING, "%s: a loader stands in the node's own pm" % spec.name)


def _stage(spec: UnitSpec, ceiling: Ceiling, home: str) -> None:
    """It is installed where the spot may write."""
    above = address.parse(spec.name)
    own = directory(home, address.format(stages.owner(above)))
    if "stores" in spec.body:
        raise Refused(CEILING, "%s: stores come from the blueprint" % spec.name)
    path = spec.body.get("place", own)
    if not _inside(path, (own, *ceiling.writes)):
        raise _above(spec, "place", path, _writes(ceiling, own))


def _user(spec: UnitSpec, ceiling: Ceiling) -> None:
    """Root may go down to anybody; everybody else stays who he is. Unnamed: the ceiling's user."""
    if spec.user not in ("", ceiling.user) and ceiling.user != ROOT:
        raise _above(spec, "user", spec.user, ceiling.user or "the login of this install")


def _group(spec: UnitSpec, ceiling: Ceiling) -> None:
    if spec.group and spec.group not in ceiling.groups and ceiling.user != ROOT:
        most = "its groups: " + (" ".join(ceiling.groups) or "none")
        raise _above(spec, "group", spec.group, most)


def _rlimits(spec: UnitSpec, ceiling: Ceiling) -> None:
    for name, most in ceiling.rlimits.items():
        asked = spec.rlimits.get(name, most)
        if most != UNLIMITED and (asked == UNLIMITED or asked > most):
            raise _above(spec, "rlimit " + name, asked, most)


def _nice(spec: UnitSpec, ceiling: Ceiling) -> None:
    if spec.nice < 0 and ceiling.user != ROOT:
        raise _above(spec, "nice", spec.nice, 0)


def _excl(spec: UnitSpec, ceiling: Ceiling) -> None:
    """Who takes a lock keeps others waiting: those that another key may march, too."""
    if spec.excl and spec.excl not in ceiling.excl:
        raise _above(spec, "excl", spec.excl, "its locks: " + (" ".join(ceiling.excl) or "none"))


def _log(spec: UnitSpec, most: int) -> None:
    """pm writes the log, so no quota of the spot's user holds it."""
    whole = spec.log_size * (spec.log_keep + 1)
    if whole > most:
        raise _above(spec, "log", "of %d files, %d bytes" % (spec.log_keep + 1, whole), most)


def _stop(spec: UnitSpec, ceiling: Ceiling) -> None:
    """Who is slow to stop keeps those waiting whom he needs: another key may march them."""
    if spec.stop_timeout > ceiling.stop_timeout:
        raise _above(spec, "stop_timeout", "%d ms" % spec.stop_timeout, ceiling.stop_timeout)


def _checks(spec: UnitSpec) -> None:
    """Each is a process, of pm's own for what pm makes itself."""
    if 0 < spec.check_every < OFTEN:
        most = "once in %d ms" % OFTEN
        raise _above(spec, "check_every", "%d ms" % spec.check_every, most)


def _limits(spec: UnitSpec, ceiling: Ceiling) -> None:
    for name, most in ceiling.limits.items():
        asked = spec.room.get("limits", {}).get(name, most)
        if asked > most:
            raise _above(spec, "limits", "%s %d" % (name, asked), most)


def _holes(spec: UnitSpec, ceiling: Ceiling) -> None:
    """Where nothing may be written, a plan opens nothing."""
    for path in spec.room.get("writable", ()) if ceiling.read_only else ():
        if not _inside(path, ceiling.writes):
            raise _above(spec, "writable", path, _writes(ceiling))


def _rights(spec: UnitSpec, ceiling: Ceiling) -> None:
    """What is more than a process of its user has. A view of its own only takes away."""
    if ceiling.user == ROOT:
        return
    for name in spec.room.get("capabilities", ()):
        if name not in ceiling.capabilities:
            most = "its capabilities: " + (" ".join(ceiling.capabilities) or "none")
            raise _above(spec, "capabilities", name, most)
    if spec.room.get("oom_score_adj", 0) < 0:
        raise _above(spec, "oom_score_adj", spec.room["oom_score_adj"], 0)
    for key, most in (("root", ceiling.root), ("net", ceiling.joins)):
        name = spec.room.get(key, NONE)
        if name not in (NONE, *most):
            raise _above(spec, key, name, "what it may enter: " + (" ".join(most) or "none"))


def _paths(spec: UnitSpec, ceiling: Ceiling, own: str) -> None:
    """The working directory and the pid file lie in the spot's directory or in `writes`."""
    for what, path in (("cwd", spec.cwd), ("pidfile", _pidfile(spec))):
        if path and not _inside(path, (own, *ceiling.writes)):
            raise _above(spec, what, path, _writes(ceiling, own))


def _writes(ceiling: Ceiling, *own: str) -> str:
    """By the name that the blueprint has for it; `own`: the spot's directory."""
    return "its writes: " + (" ".join((*own, *ceiling.writes)) or "none")


def _pidfile(spec: UnitSpec) -> str:
    """What else readiness looks at is looked at with the unit's rights."""
    return str(spec.ready["path"]) if spec.ready["how"] == "pidfile" else ""


def _room(spec: UnitSpec, ceiling: Ceiling, own: str) -> None:
    """What a mount or a volume touches. What the spot may only read is shown read-only."""
    body, writes = spec.body, (own, *ceiling.writes)
    for key in ("at", "path", "upper"):
        if key in body and not _inside(body[key], writes):
            raise _above(spec, key, body[key], _writes(ceiling, own))
    options = body.get("options", ())
    if not {"suid", "dev"}.isdisjoint(options) and ceiling.user != ROOT:
        raise _above(spec, "options", "suid, dev", "those of a spot that is not root's")
    if body.get("mode", 0) & 0o6000 and ceiling.user != ROOT:
        raise _above(spec, "mode", oct(body["mode"]), "0o1777 (no setuid, setgid)")
    source = body.get("from", "")
    _shown(spec, "from", source, ceiling, own)
    if source and not _inside(source, writes) and "ro" not in options:
        raise _above(spec, "from", source, "what it may write: options: [ro] shows it")
    for key in ("lower", "paths"):
        for path in body.get(key, ()):
            _shown(spec, key, path, ceiling, own)


def _siblings(spec: UnitSpec, home: str) -> list[str]:
    """Where a part of a root may lie, too: in the directory of its spot, and with the parts that it
    needs, which are the same spot's: in their directories, and in the root itself."""
    steps = address.parse(spec.name)
    own = stages.settled(steps[-1])
    if not own:
        return []
    found = [directory(home, address.format((*steps[:-1], own)))]
    for need in spec.needs:
        if stages.settled(need) == own:
            found.append(directory(home, address.format((*steps[:-1], need))))
            found.append("[%s]%s" % (need, rootpath.SIGN))
    return found


def _entered(spec: UnitSpec, ceiling: Ceiling, tree: Pm) -> None:
    """A pm runs the Python of the root that it enters. Who may not run a process as the spot's user
    must not choose that one: it comes from where the blueprint says, and nowhere else."""
    *above, own = address.parse(spec.name)
    around = blueprints.find(tree, above) if above else tree
    entered = [name for name, pm in around.pms.items() if pm.walls.get("root") == own]
    if not entered:
        return
    for key in ("product", "files"):
        if getattr(spec, key):
            most = "what a root of pm %s may have: kinds with process would let it" % entered[0]
            raise _above(spec, key, sorted(getattr(spec, key))[0], most)
    for key in ("lower", "paths"):
        for path in spec.body.get(key, ()):
            if not _inside(path, ceiling.reads):
                raise _above(spec, key, path, "its reads: " + " ".join(ceiling.reads))


def _network(spec: UnitSpec, ceiling: Ceiling) -> None:
    """Its links are the node's: addresses and names that others have must not be taken away."""
    for key, found, most in network.beyond(spec, ceiling.networks, ceiling.bridges):
        raise _above(spec, key, found, most)


def _shown(spec: UnitSpec, key: str, path: str, ceiling: Ceiling, own: str) -> None:
    """What is shown in a spot lies where it may write or read."""
    most = (own, *ceiling.writes, *ceiling.reads)
    if path and not _inside(path, most):
        raise _above(spec, key, path, "its writes and reads: " + " ".join(most))


def _inside(path: str, folders: Sequence[str]) -> bool:
    """A relative path counts from the spot's own directory; one in the root of a unit lies in such
    ones only."""
    unit, path = rootpath.split(path)
    if unit:
        folders = [inner for name, inner in map(rootpath.split, folders) if name == unit]
    steps = path.split("/")
    if ".." in steps:
        return False
    if steps[0]:
        return True
    clean = "/" + "/".join(step for step in steps if step not in ("", "."))
    return any(folder == "/" or (clean + "/").startswith(folder + "/") for folder in folders)


def _sockets(spec: UnitSpec, ceiling: Ceiling, own: str) -> None:
    """pm may be root, and listens for it."""
    if ceiling.user == ROOT:
        return
    for one in spec.room.get("sockets", {}).values():
        port = listening.port(one)
        if port and port not in ceiling.ports:
            ports = " ".join(map(str, ceiling.ports)) or "none"
            raise _above(spec, "sockets", one["listen"], "its ports: " + ports)
        if not port and not _inside(one["listen"], (own, *ceiling.writes)):
            raise _above(spec, "sockets", one["listen"], _writes(ceiling, own))


def _modes(spec: UnitSpec) -> None:
    for path, file in spec.files.items():
        if file["mode"] & 0o7000:
            raise _above(spec, "mode of " + path, oct(file["mode"]), "0o777 (no setuid, setgid)")
