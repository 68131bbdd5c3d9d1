"""Commands for units of sub-pms: one way down by the pipe; the answer is read up in its jobs/."""

from __future__ import annotations

from enve_pm.core.address import AddressError
from enve_pm.core.address import format as format_address
from enve_pm.core.address import parse as parse_address
from enve_pm.core.lean import namedtuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from enve_pm.resource.subpm import SubPms
    from enve_pm.shell.events.loop import Loop
    from enve_pm.wire.command import Command

FAILED, REFUSED, BAD, DEADLINE = 3, 5, 64, 124
PATIENCE = 600_000  # ms until a sub-pm that lives but does not answer is given up
MOST = 1024  # commands under way

Sent = namedtuple("Sent", "name timer")


class Relay:
    """`finish` answers a job of ours."""

    def __init__(self, loop: Loop, subs: SubPms, finish: Callable[[str, int, str], None]) -> None:
        self._loop = loop
        self._subs = subs
        self._finish = finish
        self._sent: dict[str, Sent] = {}

    def take(self, order: Command) -> None:
        """Hand a command down to the one sub-pm that its units are in."""
        try:
            name, args = downward(order.verb, order.args)
        except AddressError as error:
            self._finish(order.job, BAD, f"{order.verb}: {error}")
            return
        if not self._subs.up.alive(name):
            self._finish(order.job, FAILED, f"{order.verb}: sub-pm {name} does not run")
        elif len(self._sent) >= MOST:
            self._finish(order.job, REFUSED, "too many commands are under way: try again later")
        elif self._subs.down.send(name, order.job, order.verb, args):
            due = self._loop.system.now() + PATIENCE
            timer = self._loop.at(due, lambda: self._late(order.job))
            self._sent[order.job] = Sent(name, timer)
        else:
            self._finish(order.job, REFUSED, f"sub-pm {name} does not read its pipe")

    def look(self, name: str) -> None:
        """Something happened in a sub-pm: answers that are there are ours too."""
        up, jobs = self._subs.up, [job for job, sent in self._sent.items() if sent.name == name]
        answers = {job: up.answer(name, job) for job in jobs}
        if any(answers.values()):
            up.publish(name)  # the answer speaks of states: they may be newer than our last look
        for job, answer in answers.items():
            if answer is not None:
                self._end(job, *answer)
            elif not up.alive(name):
                self._end(job, FAILED, f"sub-pm {name} ended before it answered")

    def _late(self, job: str) -> None:
        self._end(job, DEADLINE, "the sub-pm did not answer")

    def _end(self, job: str, code: int, message: str) -> None:
        self._loop.cancel(self._sent.pop(job).timer)
        self._finish(job, code, message)

    # -- over a change of program ------------------------------------------------------------------
    def dump(self) -> dict[str, str]:
        return {job: sent.name for job, sent in self._sent.items()}

    def restore(self, rows: dict[str, str]) -> None:
        for job, name in rows.items():
            due = self._loop.system.now() + PATIENCE
            timer = self._loop.at(due, lambda job=job: self._late(job))  # type: ignore[misc]
            self._sent[job] = Sent(name, timer)


def downward(verb: str, args: Sequence[str]) -> tuple[str, list[str]]:
    """`("pm1.web", "pm1.db", "--flag")` -> `("pm1", ["web", "db", "--flag"])`; options, and what
    set-property sets, stay as they are. Raises AddressError for units of more than one pm."""
    first = ""
    out: list[str] = []
    for word in args:
        if word.startswith("--") or (verb == "set-property" and out):
            out.append(word)
            continue
        segments = parse_address(word)
        if len(segments) < 2 or first not in ("", segments[0]):
            raise AddressError("name units of one pm at a time")
        first = segments[0]
        out.append(format_address(segments[1:]))
    return first, out
