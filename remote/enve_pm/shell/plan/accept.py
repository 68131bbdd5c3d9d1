"""The acceptor: signed streams come in, accepted plans come out, and every attempt gets an answer.

One stream is judged at a time, so each one is judged against what is held by then. The loop is
never kept waiting: gpgv and the copying of blobs are children whose end calls back.
"""

from __future__ import annotations

import os

from enve_pm.core import brought, policy, reading
from enve_pm.core.digest import sha256
from enve_pm.core.refusal import STORAGE, FormatError, Refused
from enve_pm.shell.complain import complain
from enve_pm.shell.extent import is_system
from enve_pm.shell.plan import install as installs
from enve_pm.shell.plan import verify
from enve_pm.shell.plan.acks import Acks
from enve_pm.shell.plan.answers import Accepted, Answers, Asked
from enve_pm.shell.plan.attempt import Answer, Attempt, Room
from enve_pm.shell.plan.held import Held
from enve_pm.shell.plan.intake import Intake, Queued
from enve_pm.shell.plan.plans import Plans
from enve_pm.shell.plan.takeup import TakeUp
from enve_pm.shell.plan.wanted import Wanted
from enve_pm.shell.product.fetch import Fetch
from enve_pm.shell.product.store import QUOTA, Store
from enve_pm.shell.state.disk import Disk
from enve_pm.wire import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

    from enve_pm.shell.events.loop import Loop
    from enve_pm.shell.events.system import System
    from enve_pm.shell.plan.answers import Spots
    from enve_pm.shell.plan.plans import Plan

__all__ = ["Accepted", "Acceptor"]

NONCE = "0" * 16  # of a stream that no writer sent
FULL = Answer(record.BUSY, "", "no room now", "", 0)


class Acceptor:
    """home, pipe: paths; apply(Accepted) is called after the commit point, from the loop. A trust
    state that cannot be read is told on stderr and refuses every stream: with an empty one in its
    place old plans would be accepted again."""

    def __init__(  # noqa: PLR0913
        self,
        home: str,
        pipe: str,
        system: System,
        loop: Loop,
        apply: Callable[[Accepted], None],
        *,
        disk: Disk | None = None,
    ) -> None:
        self.home = home
        self.system = system
        self.loop = loop
        disk = Disk() if disk is None else disk
        whole_machine = is_system(home, pipe)
        self.install = installs.Install(disk, home, whole_machine)
        self.plans = Plans(disk, home)
        self.store = Store(disk, home + "/store")
        self._acks = Acks(disk, home + "/public/acks")
        self._answers = Answers(self._acks)
        self._intake = Intake(loop, self._answers.busy)
        self._wanted = Wanted(self.install, home)
        self._takeup = TakeUp(self._wanted, self.plans, loop, apply)
        self._held = Held(home + "/public/held.json", self.install, self.plans, self.store)
        verifier = verify.Verifier(loop, home + "/verify", verify.USER if whole_machine else "")
        inbox = os.path.dirname(pipe) + "/inbox"
        self._room = Room(home, inbox, loop, self.install, self.plans, self.store, verifier)
        self._judging: Queued | None = None
        self._broken = ""

    def start(self) -> None:
        """Read what is held, and show it."""
        try:
            verify.make_folder(self.home + "/verify")
            self.plans.load()
            self.store.load()
        except (OSError, FormatError) as error:
            self._broken = "the trust state cannot be read: %s" % error
            complain("pm: %s; no plan is accepted" % self._broken)
        for lane, why in self.plans.damaged.items():
            complain("pm: the plan held in lane %s: %s" % (lane, why))
        self._acks.load()
        self._held.publish()
        self._tidy()

    def _tidy(self) -> None:
        """Let a child bring the inbox within its age and quota, when something lies in it."""
        if self._broken:
            return
        try:
            if self.plans.disk.names(self._room.inbox):
                quota = self.install.blueprint().limits.get("inbox", QUOTA)
                fetch = Fetch(self.loop, self._room.inbox, self.store, lambda reasons: None)
                fetch.start({}, quota)
        except (OSError, Refused):
            return  # with the next plan

    @property
    def quiet(self) -> bool:
        """Nothing is being judged or waits for it."""
        return self._judging is None and self._intake.empty

    # -- what is held -----------------------------------------------------------------------------
    def wanted(self) -> dict[str, str]:
        """All that this node's pm has to run, {address below the node: line}: the sub-pms that the
        blueprint lays out, and what the plans of all lanes say. Raises Refused when the blueprint
        cannot be read: then what the plans allow cannot be told."""
        found = self._wanted.pms()
        for lines in self.held().values():
            found.update(lines)
        return found

    def held(self) -> dict[str, dict[str, str]]:
        """{lane: {address below the node: line}} as pm has to run it (see `Wanted.lines`)."""
        plans = self.plans.held
        return {lane: self._wanted.lines(lane, plan.part.lines) for lane, plan in plans.items()}

    def unfinished(self) -> list[Accepted]:
        """Held plans whose state had not been reached when the last pm ended: this one reports
        on them too."""
        return [
            Accepted("", "", lane, self.plans.held[lane].serial, {}, lines)
            for lane, lines in self.held().items()
            if self.plans.state.lanes[lane].active != self.plans.held[lane].serial
        ]

    def set_manual(self, names: frozenset[str]) -> None:
        """The spots whose want was set by hand, for public/held.json."""
        if names != self._held.manual:
            self._held.manual = names
            self._held.publish()

    def reload(self) -> None:
        """Deploy has changed trust/: show it (each stream is judged by what stands there)."""
        self._held.publish()

    # -- streams ----------------------------------------------------------------------------------
    def feed(self, data: bytes) -> None:
        """Bytes of the signed pipe, as they were read."""
        self._intake.feed(data)
        self._turn()

    def offer(self, data: bytes, inbox: str, told: Callable[[bool, str], None]) -> None:
        """A whole stream that came by another way than the signed pipe; it is judged by the very
        same rules. `inbox`: the folder of its files; `told(good, words)` hears what came of it."""

        def answered(answer: Answer) -> None:
            told(*brought.outcome(answer, self.seen(answer.lane)))

        who = Asked(sha256(data).hexdigest(), NONCE)
        if self._intake.put(Queued(who, data, inbox, answered)):
            self._turn()
        else:
            answered(FULL)

    def node(self) -> str:
        """The name of this node. Raises Refused."""
        return str(self.install.blueprint().node)

    def seen(self, lane: str) -> int:
        """The newest serial that is known in a lane."""
        state = self.plans.state
        held = state.lanes.get(lane)
        return max(int(state.floors.get(lane, 0)), int(held.serial) if held else 0)

    def dump(self) -> list[Any]:
        """What has come of streams that are not whole yet, for the next program."""
        return self._intake.dump()

    def restore(self, dumped: list[Any]) -> None:
        self._intake.restore(dumped)

    def _turn(self) -> None:
        """Begin with the next stream when none is being judged."""
        if self._judging is None:
            self._judging = self._intake.next()
            if self._judging is not None:
                self._judge(self._judging)

    def _judge(self, queued: Queued) -> None:
        if self._broken:
            self._answered(Answer(policy.REJECTED, STORAGE, self._broken, "", 0))
        else:
            room = self._room._replace(inbox=queued.inbox) if queued.inbox else self._room
            Attempt(room, queued.data, self._answered).start()

    def _answered(self, answer: Answer) -> None:
        queued, self._judging = self._judging, None
        if queued is None:
            return
        self.loop.at(self.system.now(), self._turn)  # whatever comes of this one
        if answer.verdict == policy.ACCEPTED:
            self._answers.accepted(queued.who, answer)
            self._take_up(queued, answer)
        elif answer.verdict == policy.DUPLICATE:
            self._answers.duplicate(queued.who, answer)
        else:
            self._answers.refused(queued.who, answer)
        reading.forget()
        if queued.told is not None:
            queued.told(answer)

    def _take_up(self, queued: Queued, answer: Answer) -> None:
        """After the commit and the answer: clear up, show it, and let pm apply it."""
        try:
            self.store.keep_only(self.plans.blobs())
        except (OSError, FormatError):
            pass  # what nobody names goes with the next plan
        self._held.publish()
        self._tidy()
        # Who marches has been asked about what was set by hand; nobody was for what a node pulls.
        who = queued.who if queued.told is None else Asked("", "")
        self._takeup.take(answer.lane, who.stream, who.nonce, answer.old)

    def progress(self, accepted: Accepted, verdict: str, spots: Spots, final: bool) -> None:
        """pm reports: verdict accepted | applied | failed, spots {name: (state, result)}."""
        plan = self.plans.held.get(accepted.lane)
        if plan is None or plan.serial != accepted.serial:
            self._answers.superseded(accepted, verdict, spots, final)
            return
        if final and verdict == record.APPLIED:
            self._activate(plan)
        self._answers.progress(accepted, verdict, spots, final)

    def _activate(self, plan: Plan) -> None:
        try:
            self.plans.activate(plan.lane, plan.serial)
        except OSError:
            pass  # it is applied again after the next start, which changes nothing
        self._held.publish()
