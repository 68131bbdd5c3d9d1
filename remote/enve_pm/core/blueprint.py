"""The blueprint as one node holds it: who may march here, which spots there are, and how much
each may be."""

from __future__ import annotations

from enve_pm.core import inet, nesting, pmlines, rootpath, shape, stages, walls
from enve_pm.core.address import AddressError, Pattern, check_name
from enve_pm.core.fieldcheck import Bad
from enve_pm.core.fields import RLIMITS
from enve_pm.core.inside import NONE
from enve_pm.core.lean import namedtuple
from enve_pm.core.refusal import FormatError
from enve_pm.core.room import FIELDS, LIMITS
from enve_pm.core.stagebody import MOST, web
from enve_pm.core.unit import LOADER, NETWORK, ROOMS, SUBROOT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterator, Mapping, Sequence

ROOT = "root"
KINDS = ("process", "job", "resource", "timer")
OF_ROOT = frozenset((SUBROOT,))  # what others must not be able to bend
ALL_KINDS = (*KINDS, *sorted(ROOMS), LOADER)  # what only some blueprints grant, too
UNLIMITED = -1
STOP = 600_000  # ms: the most of a spot's stop_timeout, likewise
LOG = 256 << 20  # bytes: the most of a spot's log where the blueprint says nothing

# fpr: primary fingerprint, 40 hex in upper case; may, lanes: words; scope: address.Pattern;
# since, until: unix seconds, 0 = open.
Keyhole = namedtuple("Keyhole", "fpr name may lanes scope since until")
# user "" = the login of a user's install; excl: locks; log: bytes of all its log files together
# reads: folders that may be shown in the spot, but not changed · stop_timeout: ms, at most
# limits: the most of each that a plan may give, and what it has if it says nothing
# capabilities: of the kernel, that a plan may give · root: units of kind subroot that it may enter
# no_new_privs, read_only: put on, whatever the plan says
# joins: units of kind network that its processes may be in
# stores: of others, that its builds may be taken from, by http(s)
# networks: around the addresses of its links · bridges: links that it may make, or sit on
Ceiling = namedtuple(
    "Ceiling",
    "user groups writes reads ports rlimits kinds excl log stop_timeout capabilities root"
    " networks bridges limits joins no_new_privs read_only stores",
    defaults=((), (), (), (), {}, (), False, False, ()),
)
# spots: {name: Ceiling}, pms: {name: Pm}, walls: as of `walls`, needs: units beside it that it
# waits for
Pm = namedtuple("Pm", "mode user spots pms walls needs", defaults=({}, ()))
Blueprint = namedtuple("Blueprint", "domain node epoch keyholes threshold tree limits")

DEPTH = 8  # pms in one another
WALLS = (("root", SUBROOT), ("net", NETWORK))  # what a sub-pm enters, and of what kind that is
ROOTED, OF_USER = nesting.ROOTPM, nesting.USERPM  # what the node's own pm is


def parse(value: Any, system: bool) -> Blueprint:
    """Check and freeze the parsed JSON. `system`: an install by root, where each spot names its
    user."""
    shape.fields(
        value,
        "blueprint",
        ("v", "domain", "node", "epoch", "keyholes", "spots"),
        ("threshold", "pms", "limits"),
    )
    shape.version(value["v"], "blueprint.v")
    return Blueprint(
        shape.text(value["domain"], "blueprint.domain"),
        shape.text(value["node"], "blueprint.node"),
        shape.integer(value["epoch"], "blueprint.epoch"),
        tuple(shape.items(value["keyholes"], "blueprint.keyholes", _keyhole)),
        shape.integer(value.get("threshold", 1), "blueprint.threshold", 1, 16),
        _Tree(system).pm(value, "blueprint", Pm("", "", {}, {}), [ROOTED if system else OF_USER]),
        shape.table(value.get("limits", {}), "blueprint.limits", shape.integer, 64),
    )


def _keyhole(value: Any, where: str) -> Keyhole:
    shape.fields(value, where, ("fpr", "name", "may", "scope"), ("lanes", "from", "until"))
    fpr = shape.fingerprint(value["fpr"], where + ".fpr")
    return Keyhole(
        fpr,
        shape.text(value["name"], where + ".name"),
        tuple(shape.items(value["may"], where + ".may", shape.word, 16)),
        tuple(shape.items(value.get("lanes", ["main"]), where + ".lanes", shape.word, 64)),
        tuple(shape.items(value["scope"], where + ".scope", _pattern)),
        shape.integer(value.get("from", 0), where + ".from"),
        shape.integer(value.get("until", 0), where + ".until"),
    )


def _pattern(value: Any, where: str) -> Pattern:
    try:
        return Pattern.parse(shape.text(value, where, 1024))
    except AddressError as error:
        raise FormatError("%s: %s" % (where, error)) from None


class _Tree:
    """Reads the tree of spots and sub-pms; `chain` is the kinds of the pms on the way."""

    def __init__(self, system: bool) -> None:
        self.system = system
        self.users: set[str] = set()  # of pms in mode user below one with root rights
        self.ranges: list[int] = []  # where the users of jails begin

    def pm(self, value: Any, where: str, who: Pm, chain: Sequence[str]) -> Pm:
        """`who`: the pm, its spots and pms still to be read."""
        _check_chain(chain, where)

        def nested(inner: Any, at: str) -> Pm:
            shape.fields(inner, at, ("mode",), ("user", "spots", "pms", "needs", *walls.KEYS))
            mode = shape.choice(inner["mode"], at + ".mode", ("root", "user"))
            user = shape.text(inner.get("user", ""), at + ".user", 64, empty=True)
            self._pm_user(mode, user, chain[-1], at)
            needs = tuple(shape.items(inner.get("needs", []), at + ".needs", _name))
            found = Pm(mode, user, {}, {}, _walls(mode, inner, at), needs)
            read = self.pm(inner, at, found, [*chain, walls.kind(mode, found.walls)])
            why = walls.users_flaw(read, self.ranges)
            if why:
                raise FormatError("%s.users: %s" % (at, why))
            return read

        def spot(inner: Any, at: str) -> Ceiling:
            ceiling = _ceiling(inner, at, who.user if who.mode == "user" else "")
            if self.system and ceiling.user != ROOT and not OF_ROOT.isdisjoint(ceiling.kinds):
                raise FormatError("%s: a spot for a subroot is root's" % at)
            if self.system and not ceiling.user:
                raise FormatError("%s: the key 'user' is missing (root is never assumed)" % at)
            if who.mode == "user" and ceiling.user != who.user:
                raise FormatError("%s: in a pm of mode user every spot is its user's" % at)
            return ceiling

        spots = shape.table(value.get("spots", {}), where + ".spots", spot)
        pms = shape.table(value.get("pms", {}), where + ".pms", nested)
        _check_names(spots, pms, where)
        found = rootless(spots, pms)
        if found is not None:
            raise FormatError("%s.spots.%s.%s: no root of %s beside it" % (where, *found))
        for name, pm in pms.items():
            _check_walls(pm, spots, "%s.pms.%s" % (where, name))
        flaw = pmlines.needs_flaw(pms, spots)
        if flaw is not None:
            raise FormatError("%s.pms.%s.needs: %s" % (where, *flaw))
        return who._replace(spots=spots, pms=pms)

    def _pm_user(self, mode: str, user: str, above: str, where: str) -> None:
        """Under a root pm each pm in mode user has a user that no other one has; root's has none;
        under a user's pm it is that same user."""
        if mode == "root" and user:
            raise FormatError("%s: a pm of mode root names no user" % where)
        if mode == "root" or not self.system or nesting.letter(above) == nesting.USER:
            return
        if not user or user in (ROOT, "nobody") or user in self.users:
            raise FormatError("%s: wanted a user of its own in the key 'user'" % where)
        self.users.add(user)


def _walls(mode: str, value: Any, where: str) -> dict[str, Any]:
    found = walls.of(value)
    for key, said in found.items():
        try:
            FIELDS[key](said)
        except Bad as bad:
            raise FormatError("%s.%s: wanted %s, found %s" % (where, key, *bad.args[:2])) from None
    flaw = walls.flaw(mode, found)
    if flaw is not None:
        raise FormatError("%s.%s: wanted %s, found %s" % (where, *flaw))
    return found


def rootless(spots: Mapping[str, Any], pms: Mapping[str, Any]) -> tuple[str, str, str] | None:
    """(spot, key of its ceiling, name) of a path in the root of what is no spot for one, nor, to
    read, a pm whose sight may be shown."""
    roots = {name for name, ceiling in spots.items() if SUBROOT in ceiling.kinds}
    seers = {name for name, pm in pms.items() if walls.sees(pm.mode, pm.walls)}
    for name, ceiling in spots.items():
        for key, known in (("writes", roots), ("reads", roots | seers)):
            for unit, _ in map(rootpath.split, getattr(ceiling, key)):
                if unit and unit not in known:
                    return name, key, unit
    return None


def _check_walls(pm: Pm, spots: dict[str, Ceiling], where: str) -> None:
    """What it enters is a spot for that beside it."""
    for key, kind in WALLS:
        name = pm.walls.get(key, NONE)
        if name != NONE and (name not in spots or kind not in spots[name].kinds):
            raise FormatError("%s.%s: no spot %s for a %s beside it" % (where, key, name, kind))


def _check_chain(chain: Sequence[str], where: str) -> None:
    if len(chain) > DEPTH:
        raise FormatError("%s: pms nested more than %d deep" % (where, DEPTH))
    try:
        nesting.check(chain)
    except nesting.NestingError as error:
        raise FormatError("%s: %s" % (where, error)) from None


def _check_names(spots: dict[str, Ceiling], pms: dict[str, Pm], where: str) -> None:
    for name in (*spots, *pms):
        try:
            check_name(name)
        except AddressError as error:
            raise FormatError("%s: %s" % (where, error)) from None
        if stages.split(name) is not None or stages.settled(name):
            raise FormatError("%s: %r is what a stage of another spot is called" % (where, name))
    twice = sorted(set(spots) & set(pms))
    if twice:
        raise FormatError("%s: %r is a spot and a pm" % (where, twice[0]))


def _ceiling(value: Any, where: str, pm_user: str) -> Ceiling:
    shape.fields(value, where, (), Ceiling._fields)
    return Ceiling(
        shape.text(value.get("user", pm_user), where + ".user", 64, empty=True),
        tuple(shape.items(value.get("groups", []), where + ".groups", _name)),
        tuple(shape.items(value.get("writes", []), where + ".writes", folder)),
        tuple(shape.items(value.get("reads", []), where + ".reads", folder)),
        tuple(shape.items(value.get("ports", []), where + ".ports", shape.integer)),
        rlimits(value.get("rlimits", {}), where + ".rlimits"),
        tuple(shape.items(value.get("kinds", list(KINDS)), where + ".kinds", shape.word)),
        tuple(shape.items(value.get("excl", []), where + ".excl", shape.text)),
        shape.integer(value.get("log", LOG), where + ".log"),
        shape.integer(value.get("stop_timeout", STOP), where + ".stop_timeout"),
        tuple(shape.items(value.get("capabilities", []), where + ".capabilities", shape.word)),
        tuple(shape.items(value.get("root", []), where + ".root", _name)),
        tuple(shape.items(value.get("networks", []), where + ".networks", network)),
        tuple(shape.items(value.get("bridges", []), where + ".bridges", _name)),
        _limits(value.get("limits", {}), where + ".limits"),
        tuple(shape.items(value.get("joins", []), where + ".joins", _name)),
        shape.boolean(value.get("no_new_privs", False), where + ".no_new_privs"),
        shape.boolean(value.get("read_only", False), where + ".read_only"),
        tuple(shape.items(value.get("stores", []), where + ".stores", store, MOST)),
    )


def _limits(value: Any, where: str) -> dict[str, int]:
    shape.fields(value, where, (), tuple(LIMITS))
    return shape.table(value, where, shape.integer)


def _name(value: Any, where: str) -> str:
    return shape.text(value, where, 64)


def network(value: Any, where: str) -> str:
    """A network, as an address and its prefix."""
    try:
        inet.network(value)
    except Bad as bad:
        raise FormatError("%s: wanted %s, found %s" % (where, *bad.args[:2])) from None
    return str(value)


def store(value: Any, where: str) -> str:
    """The address of a store of others."""
    try:
        return str(web(value))
    except Bad as bad:
        raise FormatError("%s: wanted %s, found %.80r" % (where, *bad.args[:2])) from None


def folder(value: Any, where: str) -> str:
    """A path, or one in the root of a unit beside it."""
    inner = rootpath.split(shape.text(value, where, 4096))[1]
    path(inner, where)
    return str(value)


def path(value: Any, where: str) -> str:
    """An absolute path without empty, `.` and `..` steps."""
    shape.text(value, where, 4096)
    steps = value.split("/")
    if steps[0]:
        raise FormatError("%s: wanted an absolute path" % where)
    if value != "/" and any(step in ("", ".", "..") for step in steps[1:]):
        raise FormatError("%s: wanted a path without empty, '.' or '..' steps" % where)
    return str(value)


def rlimits(value: Any, where: str) -> dict[str, int]:
    def limit(inner: Any, at: str) -> int:
        return shape.integer(inner, at, UNLIMITED)

    shape.fields(value, where, (), RLIMITS)
    return shape.table(value, where, limit)


def find(tree: Pm, steps: Sequence[str]) -> Any:
    """The spot (Ceiling) or pm (Pm) at these steps below the node."""
    for step in steps[:-1]:
        if step not in tree.pms:
            return None
        tree = tree.pms[step]
    last = steps[-1]
    return tree.spots.get(last) or tree.pms.get(last)


def spots(tree: Pm, above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Ceiling]]:
    """Every spot of the tree with the steps that lead to it."""
    for name, ceiling in sorted(tree.spots.items()):
        yield (*above, name), ceiling
    for name, pm in sorted(tree.pms.items()):
        yield from spots(pm, (*above, name))
