"""Who waits for which answer: from the verdict on a stream to the last news of its plan.

A plan can be waited for by several writers (the same head again, by another stream or attempt):
each gets its own ack, under its stream's name and with its nonce.
"""

from __future__ import annotations

from enve_pm.core.lean import namedtuple
from enve_pm.wire import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Mapping

    from enve_pm.shell.plan.acks import Acks
    from enve_pm.shell.plan.attempt import Answer

    Spots = Mapping[str, tuple[str, str]]

REASON = 4000  # characters
REPLACED = "another plan took its place"
MOST = 64  # writers that wait for the same plan

# A plan that was accepted. stream: hex name; nonce: hex; old, new: {address below the node: line},
# with the ceilings put in
Accepted = namedtuple("Accepted", "stream nonce lane serial old new")
Asked = namedtuple("Asked", "stream nonce")  # who waits


class Answers:
    """Writes acks; knows per lane who waits for the held plan and what was last heard of it."""

    def __init__(self, acks: Acks) -> None:
        self._acks = acks
        self._waiting: dict[str, dict[str, Asked]] = {}  # lane -> {stream: who}
        self._spots: dict[str, dict[str, dict[str, str]]] = {}  # lane -> as last reported

    def busy(self, who: Asked) -> None:
        """There was no room: the writer tries again."""
        ack = record.Ack(True, who.nonce, record.BUSY, "", "no room now, send it again", 0, "", {})
        self._acks.write(who.stream, ack)

    def refused(self, who: Asked, answer: Answer) -> None:
        self._write(who, answer, True, {})

    def accepted(self, who: Asked, answer: Answer) -> None:
        self._waiting[answer.lane] = {who.stream: who}
        self._spots.pop(answer.lane, None)
        self._write(who, answer, False, {})

    def duplicate(self, who: Asked, answer: Answer) -> None:
        """The held plan again: its state as far as it is known, and the rest when it comes."""
        waiting = self._waiting.get(answer.lane)
        if waiting:
            waiting[who.stream] = who
            if len(waiting) > MOST:  # the same head can come in any number of streams
                del waiting[next(iter(waiting))]
        self._write(who, answer, not waiting, self._spots.get(answer.lane, {}))

    def _write(
        self, who: Asked, answer: Answer, final: bool, spots: dict[str, dict[str, str]]
    ) -> None:
        reason = answer.reason[:REASON]
        ack = record.Ack(
            final,
            who.nonce,
            answer.verdict,
            answer.code,
            reason,
            answer.serial,
            answer.lane,
            spots,
        )
        self._acks.write(who.stream, ack)

    def progress(self, accepted: Accepted, verdict: str, spots: Spots, final: bool) -> None:
        """News of the held plan of a lane, for all who wait for it."""
        rows = self._spots[accepted.lane] = _rows(spots)
        waiting = dict(self._waiting.get(accepted.lane, {}))
        if accepted.stream:  # also after a change of program, which forgets who waits
            waiting.setdefault(accepted.stream, Asked(accepted.stream, accepted.nonce))
        for who in waiting.values():
            self._report(who, accepted, verdict, rows, final)
        if final:
            self._waiting.pop(accepted.lane, None)

    def superseded(self, accepted: Accepted, verdict: str, spots: Spots, final: bool) -> None:
        """News of a plan after which a newer one was accepted: its own writer still waits."""
        if accepted.stream:
            who = Asked(accepted.stream, accepted.nonce)
            reason = REPLACED if verdict == record.FAILED else ""
            self._report(who, accepted, verdict, _rows(spots), final, reason)

    def _report(  # noqa: PLR0913, PLR0917
        self,
        who: Asked,
        accepted: Accepted,
        verdict: str,
        rows: dict[str, dict[str, str]],
        final: bool,
        reason: str = "",
    ) -> None:
        serial, lane = accepted.serial, accepted.lane
        ack = record.Ack(final, who.nonce, verdict, "", reason, serial, lane, rows)
        self._acks.write(who.stream, ack)


def _rows(spots: Spots) -> dict[str, dict[str, str]]:
    return {
        name: {"state": state, "result": result[:256]} for name, (state, result) in spots.items()
    }
