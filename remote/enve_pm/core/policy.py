"""Judging a signed stream: "Accepting, on the node", clauses 3, 4 and 5, one function a rule.

The mathematics of the signatures has been checked by then; here it is decided whether these keys,
at this time, may do this to this node. A rule raises Refused with its code; nothing is searched
for, skipped or repaired. Everything is passed in: no clock, no files.
"""

from __future__ import annotations

from enve_pm.core import ceiling, chain, civil, graph, pmlines, reading, room, scope
from enve_pm.core import delta as deltas
from enve_pm.core import part as parts
from enve_pm.core.address import AddressError, parse
from enve_pm.core.address import format as write
from enve_pm.core.lean import namedtuple
from enve_pm.core.refusal import (
    CLOCK,
    EXPIRED,
    FORMAT,
    KEYHOLE,
    REPLAY,
    SCOPE,
    SIGNATURE,
    FormatError,
    NeedFull,
    Refused,
)
from enve_pm.core.unit import UnitError, UnitSpec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterable, Mapping

    from enve_pm.core.blueprint import Blueprint, Keyhole
    from enve_pm.core.part import Part

MARCH = "march"
DAY = 86_400
AHEAD = DAY  # a head may be issued so much later than the node's clock
DEAD = 400 * DAY  # and so much later than the last deploy, where the clock is dead

ACCEPTED = "accepted"
REJECTED = "rejected"
DUPLICATE = "duplicate"
NEED_FULL = "need-full"

# What a node is and holds. lanes: {lane: Lane}; floors: {lane: serial}; home: the top pm's HOME.
Node = namedtuple("Node", "blueprint lanes floors home")
# lost: what was held cannot be read any more, `part` has no lines; its place in the order stays.
Lane = namedtuple("Lane", "serial hash part lost", defaults=(False,))
# What came. head: wire.head.Head; hash: hex; kind, body: the section part, delta or same;
# proves(leaf) -> whether the proof leads from this leaf to the head's root; signers: primary
# fingerprints whose signature of the head holds.
Offer = namedtuple("Offer", "head hash kind body proves signers")
Clock = namedtuple("Clock", "now deployed floor")  # unix seconds
# part, specs ({name: UnitSpec}), forced: for ACCEPTED only
Verdict = namedtuple("Verdict", "kind code reason part specs forced")


def judge(node: Node, offer: Offer, clock: Clock) -> Verdict:
    """One of the four verdicts; the same question always gets the same answer."""
    try:
        return _judge(node, offer, clock)
    except Refused as refused:
        return Verdict(REJECTED, refused.code, refused.reason, None, {}, False)
    except FormatError as error:
        return Verdict(REJECTED, error.code, str(error), None, {}, False)
    except NeedFull as need:
        return Verdict(NEED_FULL, "", str(need), None, {}, False)


def _judge(node: Node, offer: Offer, clock: Clock) -> Verdict:
    head, held = offer.head, node.lanes.get(offer.head.lane)
    signers = rightful(node.blueprint, offer.signers, head.lane, present(clock))
    enough_signers(signers, node.blueprint.threshold)
    of_this_domain(head, node.blueprint)
    of_this_epoch(head, node.blueprint)
    if chain.is_duplicate(head, offer.hash, held):
        return Verdict(DUPLICATE, "", "#%d is held" % head.serial, None, {}, False)
    issued_in_time(head, clock)
    not_expired(head, clock)
    chain.in_order(head, offer.hash, held, node.floors.get(head.lane, 0))
    part = whole(offer, None if held is None else held.part)
    addressed(part, node.blueprint, head)
    named_well(part.lines)
    specs = check_part(node, signers, part)
    return Verdict(ACCEPTED, "", "", part, specs, chain.forced(head, held))


def check_part(node: Node, signers: Mapping[str, list[Keyhole]], part: Part) -> dict[str, UnitSpec]:
    """3: what the new part does to this node, against rights, other lanes and ceilings."""
    blueprint, lane = node.blueprint, part.header["lane"]
    held = node.lanes.get(lane)
    change = scope.difference({} if held is None else held.part.lines, part.lines)
    scope.own_lane(part.lines, lane, {name: one.part.lines for name, one in node.lanes.items()})
    scope.within(signers, blueprint.threshold, blueprint.node, change)
    specs = read_lines(part.lines, {} if held is None else held.part.lines)
    everything = dict(specs)
    for name, one in node.lanes.items():
        if name != lane:
            everything.update(read_lines(one.part.lines, one.part.lines))
    scope.starts_nothing_else(signers, blueprint.threshold, blueprint.node, change, everything)
    scope.commands_nothing_else(signers, blueprint.threshold, blueprint.node, change, specs)
    no_circle({**pmlines.specs(blueprint.tree), **everything})
    rooms_are_rooms(everything)
    for spec in specs.values():
        ceiling.check(spec, blueprint.tree, node.home)
    return specs


# -- 3: keys --------------------------------------------------------------------------------------
def rightful(
    blueprint: Blueprint, fingerprints: Iterable[str], lane: str, now: int
) -> dict[str, list[Keyhole]]:
    """3: the signers that may march in this lane now, each once, by primary fingerprint."""
    reasons = []
    found: dict[str, list[Keyhole]] = {}
    for fpr in fingerprints:
        for keyhole in [one for one in blueprint.keyholes if one.fpr == fpr]:
            why = unfit(keyhole, lane, now)
            if why:
                reasons.append("key %s %s" % (keyhole.name, why))
            elif keyhole not in found.setdefault(fpr, []):
                found[fpr].append(keyhole)
    if not found:
        raise Refused(KEYHOLE, "; ".join(reasons) or "no key of this node has signed")
    return found


def unfit(keyhole: Keyhole, lane: str, now: int) -> str:
    """3: role, lane and validity of a keyhole; "" when all three are good."""
    if MARCH not in keyhole.may:
        return "may not march"
    if lane not in keyhole.lanes:
        return "may not march in the lane %s" % lane
    if now < keyhole.since:
        return "has a keyhole that is not valid yet (%s)" % _times("it begins", keyhole.since, now)
    if keyhole.until and now > keyhole.until:
        times = _times("it ended", keyhole.until, now)
        return "has a keyhole that is not valid any more (%s)" % times
    return ""


def _times(what: str, then: int, now: int) -> str:
    """Both: it may be the clock that is wrong."""
    return "%s %s, here it is %s UTC" % (what, civil.stamp(then // 60), civil.stamp(now // 60))


def enough_signers(signers: Mapping[str, list[Keyhole]], threshold: int) -> None:
    """3: threshold k, counted by distinct primary fingerprints."""
    if len(signers) < threshold:
        raise Refused(KEYHOLE, "%d of %d signatures" % (len(signers), threshold))


# -- 3, 5: for whom, and when ---------------------------------------------------------------------
def of_this_domain(head: Any, blueprint: Blueprint) -> None:
    if head.domain != blueprint.domain:
        raise Refused(
            SCOPE, "for the domain %s, this node is of %s" % (head.domain, blueprint.domain)
        )


def of_this_epoch(head: Any, blueprint: Blueprint) -> None:
    """3: an older epoch is dead; a newer one needs a newer blueprint first."""
    if head.epoch < blueprint.epoch:
        raise Refused(REPLAY, "epoch %d is over, it is %d" % (head.epoch, blueprint.epoch))
    if head.epoch > blueprint.epoch:
        raise Refused(KEYHOLE, "epoch %d: deploy this node first" % head.epoch)


def present(clock: Clock) -> int:
    """5: now = max(clock, floor)."""
    return int(max(clock.now, clock.floor))


def issued_in_time(head: Any, clock: Clock) -> None:
    """5: not later than the clock + 24 h (the floor plays no part here); where the clock is
    earlier than the last deploy it is dead, and that deploy + 400 days is the limit."""
    if clock.now < clock.deployed:
        if head.issued > clock.deployed + DEAD:
            raise Refused(CLOCK, "this node's clock is dead, and its last deploy too long ago")
    elif head.issued > clock.now + AHEAD:
        raise Refused(CLOCK, _times("issued", head.issued, clock.now))


def not_expired(head: Any, clock: Clock) -> None:
    """5: `expires` ends acceptance."""
    if present(clock) > head.expires:
        raise Refused(EXPIRED, _times("expired", head.expires, present(clock)))


def no_circle(specs: Mapping[str, UnitSpec]) -> None:
    """Units that wait for one another would never start: such a plan is refused whole."""
    for units in by_pm(specs).values():
        circle = graph.find_cycle(units, sorted(units))
        if circle:
            shown = graph.show_cycle(units, circle)
            raise Refused(FORMAT, "units wait for one another: " + shown)


def rooms_are_rooms(specs: Mapping[str, UnitSpec]) -> None:
    """What a unit enters is of the kind that it takes it for."""
    for units in by_pm(specs).values():
        for spec, key, other, kind in room.misplaced(units):
            raise Refused(FORMAT, "%s: %s %s is no %s" % (spec.name, key, other, kind))


def by_pm(specs: Mapping[str, UnitSpec]) -> dict[tuple[str, ...], dict[str, UnitSpec]]:
    """The units of each pm by their name in it."""
    pms: dict[tuple[str, ...], dict[str, UnitSpec]] = {}
    for name, spec in specs.items():
        pms.setdefault(parse(name)[:-1], {})[spec.unit] = spec
    return pms


# -- the part -------------------------------------------------------------------------------------
def whole(offer: Offer, held: Part | None) -> Part:
    """The part that came, put together with what is held, and led to the signed root."""
    if offer.kind == "part":
        part = parts.parse(offer.body)
        if not offer.proves(part.leaf()):
            raise Refused(SIGNATURE, "the part is not the one that was signed")
        return part
    part = deltas.apply(held, deltas.parse(offer.body, offer.kind))
    if not offer.proves(part.leaf()):
        raise NeedFull("put together it is not the part that was signed")
    return part


def addressed(part: Part, blueprint: Blueprint, head: Any) -> None:
    """A part is for one node and one lane."""
    if part.header["node"] != blueprint.node:
        raise Refused(SCOPE, "for the node %s, this is %s" % (part.header["node"], blueprint.node))
    if part.header["lane"] != head.lane:
        raise Refused(SIGNATURE, "a part of the lane %s" % part.header["lane"])


def named_well(names: Iterable[str]) -> None:
    """Every name is an address, in its one spelling: two names are never the same spot."""
    for name in names:
        try:
            good = write(parse(name)) == name
        except AddressError as error:
            raise FormatError("line %s: %s" % (name[:80], error)) from None
        if not good:
            raise FormatError("line %s: wanted %s" % (name[:80], write(parse(name))))


def read_lines(lines: Mapping[str, str], held: Mapping[str, str]) -> dict[str, UnitSpec]:
    """Every line as a unit: strict, canonical, and under its own name. The form of a line that is
    held as it stands has been looked at before."""
    return {name: _read(name, line, held.get(name) != line) for name, line in lines.items()}


def _read(name: str, line: str, new: bool) -> UnitSpec:
    try:
        spec = reading.judge(line) if new else reading.read(line)
    except (UnitError, FormatError) as error:
        raise FormatError("line %s: %s" % (name[:80], error)) from None
    if spec.name != name:
        raise FormatError("line %s: it names itself %s" % (name[:80], spec.name[:80]))
    return spec
