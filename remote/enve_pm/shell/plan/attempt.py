"""One attempt to march: a whole stream on its way through decoding, gpgv, policy, its blobs and the
commit. Every step that has to wait calls back; at the end stands one answer.
"""

from __future__ import annotations

from enve_pm.core import blob, policy
from enve_pm.core.lean import namedtuple
from enve_pm.core.refusal import BLOB, KEYHOLE, LACKS, STORAGE, FormatError, Refused
from enve_pm.shell.plan.plans import Plan
from enve_pm.shell.product.fetch import Fetch
from enve_pm.shell.product.store import QUOTA
from enve_pm.wire import head as heads
from enve_pm.wire import merkle, openpgp
from enve_pm.wire import stream as streams
from enve_pm.wire.truststate import GENERATIONS, MOST_GENERATIONS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Mapping

    from enve_pm.core.blueprint import Blueprint
    from enve_pm.core.policy import Verdict
    from enve_pm.shell.plan.install import Install
    from enve_pm.shell.plan.plans import Plans
    from enve_pm.shell.product.store import Store

# verdict: accepted | rejected | duplicate | need-full; code, reason: of a refusal; old: the lines
# that were held before it was accepted
Answer = namedtuple("Answer", "verdict code reason lane serial old", defaults=({},))
# What an attempt works with. inbox: RUN/inbox
Room = namedtuple("Room", "home inbox loop install plans store verifier")


def highest(*floors: Mapping[str, int]) -> dict[str, int]:
    """Lane -> the highest of its floors."""
    lanes = {lane for one in floors for lane in one}
    return {lane: max(one.get(lane, 0) for one in floors) for lane in lanes}


class Attempt:
    """`done(answer)` is called once, from the loop; the plan is held by then if it is accepted."""

    def __init__(self, room: Room, data: bytes, done: Callable[[Answer], None]) -> None:
        self.room = room
        self.data = data
        self.done = done
        self.lane = ""
        self.serial = 0
        self.signers: list[str] = []

    @property
    def install(self) -> Install:
        return self.room.install  # type: ignore[no-any-return]

    def start(self) -> None:
        self._step(self._open)

    def _step(self, step: Callable[[], None]) -> None:
        """Every refusal, wherever it is found, ends the attempt in the same way."""
        try:
            step()
        except Refused as refused:
            self._answer(policy.REJECTED, refused.code, refused.reason)
        except FormatError as error:
            self._answer(policy.REJECTED, error.code, str(error))
        except Exception as error:  # a mistake of ours must not keep all later streams waiting
            self._answer(policy.REJECTED, LACKS, "pm cannot judge it: %r" % error)
            raise

    def _answer(self, verdict: str, code: str = "", reason: str = "") -> None:
        self.done(Answer(verdict, code, reason, self.lane, self.serial))

    # -- 1, 2: the bytes and the mathematics ------------------------------------------------------
    def _open(self) -> None:
        self.room.plans.probe()
        self.stream = streams.decode(self.data)
        self.head = heads.parse(self.stream.head)
        self.lane, self.serial = self.head.lane, self.head.serial
        self.proof = heads.parse_proof(self.stream.proof)
        self.blueprint: Blueprint = self.install.blueprint()
        self.checks = self._pair()
        self._next()

    def _pair(self) -> list[tuple[bytes, bytes, str]]:
        """(ring, signature, primary fingerprint) of each signature by a key that has a keyhole
        here. The others are for other nodes of the same march."""
        rings = self.install.rings(keyhole.fpr for keyhole in self.blueprint.keyholes)
        pairs, strangers = [], []
        for sig in self.stream.sigs:
            issuer = openpgp.check(sig)
            known = [
                (data, sig, ring.primary) for ring, data in rings if openpgp.issued_by(ring, issuer)
            ]
            pairs += known[:1]
            strangers += [] if known else [issuer or "unnamed"]
        if not pairs:
            raise Refused(KEYHOLE, "no keyhole here for the key " + ", ".join(strangers))
        return pairs

    def _next(self) -> None:
        if not self.checks:
            self._judge()
            return
        ring, sig, fingerprint = self.checks.pop(0)
        self.signers.append(fingerprint)
        data = heads.signed(self.stream.head)
        self.room.verifier.start(ring, sig, data, fingerprint, self._checked)

    def _checked(self, why: Refused | None) -> None:
        if why is None:
            self._step(self._next)
        else:
            self._answer(policy.REJECTED, why.code, why.reason)

    # -- 3, 4, 5: the policy ----------------------------------------------------------------------
    def _judge(self) -> None:
        name = heads.name(self.stream.head)
        offer = policy.Offer(
            self.head, name, self.stream.kind, self.stream.body, self._proves, self.signers
        )
        known = self.install.clock()
        now = self.room.loop.system.wall() // 1000
        clock = policy.Clock(now, known.deployed, known.floor)
        self.hash = name
        self.verdict: Verdict = policy.judge(self._node(), offer, clock)
        if self.verdict.kind == policy.ACCEPTED:
            self._fetch()
        else:
            self._answer(self.verdict.kind, self.verdict.code, self.verdict.reason)

    def _node(self) -> policy.Node:
        plans = self.room.plans
        lanes = {
            lane: policy.Lane(known.serial, known.hash, plans.part(lane), lane in plans.damaged)
            for lane, known in plans.state.lanes.items()
        }
        floors = highest(plans.state.floors, self.install.floors())
        return policy.Node(self.blueprint, lanes, floors, self.room.home)

    def _proves(self, leaf: bytes) -> bool:
        root = bytes.fromhex(self.head.root)
        return merkle.verify(leaf, self.proof.index, self.head.n, self.proof.path, root)

    # -- the blobs --------------------------------------------------------------------------------
    def _fetch(self) -> None:
        self.blobs = blob.named(self.verdict.specs.values())
        self.verdict = self.verdict._replace(specs={})  # room for what stays from here on
        store: Store = self.room.store
        try:
            store.add(self.stream.blobs, self.blobs)
        except OSError as error:
            raise Refused(STORAGE, "a blob was not stored: %s" % error.strerror) from None
        missing = store.missing(self.blobs)
        if missing:
            fetch = Fetch(self.room.loop, self.room.inbox, store, self._fetched)
            fetch.start(missing, self._quota())
        else:
            self._commit()

    def _quota(self) -> int:
        return int(self.blueprint.limits.get("inbox", QUOTA))

    def _generations(self) -> int:
        asked = int(self.blueprint.limits.get("generations", GENERATIONS))
        return max(1, min(asked, MOST_GENERATIONS))

    def _fetched(self, reasons: dict[str, str]) -> None:
        self._step(lambda: self._with(reasons))

    def _with(self, reasons: dict[str, str]) -> None:
        if reasons:
            named = ["%s %s" % (name, reasons[name]) for name in sorted(reasons)]
            raise Refused(BLOB, "; ".join(named)[:3900])
        self._commit()

    # -- 6: the commit ----------------------------------------------------------------------------
    def _commit(self) -> None:
        plans: Plans = self.room.plans
        before = plans.held.get(self.lane)
        plans.keep = self._generations()
        plans.commit(self._plan())
        self.install.raise_floor(self.head.issued)
        forced = "it follows only by --force-base" if self.verdict.forced else ""
        old = {} if before is None else before.part.lines
        self.done(Answer(policy.ACCEPTED, "", forced, self.lane, self.serial, old))

    def _plan(self) -> Plan:
        return Plan(
            self.lane,
            self.serial,
            self.hash,
            self.stream.head,
            self.stream.sigs,
            self.verdict.part,
            self.stream.proof,
            frozenset(self.blobs),
            self.data,
        )
