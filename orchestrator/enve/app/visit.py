"""One node during a march: its connection, what it showed, and what is believed of that."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from enve.app.collect import as_root, command
from enve.core import look as looks
from enve.core import standing, verdict
from enve.core.printable import complaint, printable
from enve.errors import EnveError, LateError, NodeFailure, Unreachable
from enve.host.base import Completed, Connect, Host
from enve.model.march import Look, SignedHead
from enve.model.report import Emit, Result, Step
from enve.model.site import Node
from enve_pm.core.refusal import FormatError
from enve_pm.wire.record import Lane

LOOK_SECONDS = 60.0
SPOKEN = 1  # the version of streams that we write


@dataclass
class Visit:
    """A node, from the first look to the last word. `error`: why nothing can be sent to it."""

    node: Node
    host: Host | None = None
    look: Look | None = None
    shown: bytes = b""  # the answer that `look` was read from
    held: SignedHead | None = None  # verified
    claim: Lane | None = None  # what it holds under `held`
    flaw: str = ""  # why what it shows is not believed
    error: EnveError | None = None
    _start: float = field(default_factory=time.monotonic)

    @property
    def name(self) -> str:
        return self.node.name

    @property
    def open(self) -> bool:
        """Reached, with a living pm that speaks our version."""
        return self.host is not None and self.error is None

    @property
    def hashes(self) -> Mapping[str, str]:
        """The lines that it holds, by name; none when nothing it shows is believed."""
        return self.claim.hashes if self.claim else {}

    @property
    def manual(self) -> tuple[str, ...]:
        """Names whose want was set by hand."""
        return tuple(self.claim.manual) if self.claim else ()

    async def run(self, line: str, *, deadline: float, stdin: bytes = b"") -> Completed:
        """Run a command with the rights that its pm needs."""
        if self.host is None:
            raise Unreachable(f"{self.name}: not connected", kind="lost")
        return await self.host.run(line, stdin=stdin, deadline=deadline, become=as_root(self.node))

    def result(self) -> Result:
        """The last word on a node that nothing was sent to."""
        if self.error is None:
            return Result(self.name, "unchanged", "up to date", self.took(), verdict="unsent")
        return verdict.result(self.name, self.error, self.took())

    def standing(self) -> Result:
        """The same, and how what it holds stands there."""
        if self.error is not None:
            return self.result()
        return standing.result(self.name, self.shown, self.hashes, self.took())

    def took(self) -> float:
        """Seconds since the visit began."""
        return time.monotonic() - self._start


class Visits:
    """Visits many nodes at once and keeps their connections until the end."""

    def __init__(
        self, connect: Connect, *, forks: int, connect_deadline: float, deadline: float, emit: Emit
    ) -> None:
        self._connect = connect
        self._slots = asyncio.Semaphore(forks)
        self._deadline = connect_deadline
        self._look_deadline = min(LOOK_SECONDS, deadline)
        self._emit = emit
        self._hosts: list[Host] = []

    async def look(self, nodes: Iterable[Node]) -> dict[str, Visit]:
        """Look at every node once; one that cannot be reached or read has its `error`."""
        visits = [Visit(node) for node in nodes]
        await asyncio.gather(*(self._one(visit) for visit in visits))
        return {visit.name: visit for visit in visits}

    async def open(self, node: Node) -> Host:
        """A new connection, closed at the end with the others."""
        host = await self._connect(node, deadline=self._deadline)
        self._hosts.append(host)
        return host

    async def close(self) -> None:
        """Close every connection."""
        hosts, self._hosts = self._hosts, []
        await asyncio.gather(*(host.close() for host in hosts), return_exceptions=True)

    async def _one(self, visit: Visit) -> None:
        async with self._slots:
            visit._start = time.monotonic()
            try:
                await self._look(visit)
            except EnveError as error:
                visit.error = error
            except TimeoutError:
                visit.error = LateError(
                    f"no answer within {self._look_deadline:g} s; nothing was sent",
                    hint="a longer deadline: -T SECONDS",
                )
            except Exception as error:  # a bug that one node met must not stop the others
                visit.error = EnveError(f"unexpected: {type(error).__name__}: {error}")

    async def _look(self, visit: Visit) -> None:
        self._emit(Step(visit.name, "connect"))
        visit.host = await self.open(visit.node)
        self._emit(Step(visit.name, "look"))
        done = await visit.run(command(visit.node), deadline=self._look_deadline)
        try:
            if done.status != 0:
                raise FormatError(f"exit status {done.status}: {complaint(done.stderr)}")
            visit.look, visit.shown = looks.parse(done.stdout), done.stdout
        except FormatError as error:
            raise NodeFailure(
                f"what it shows is unreadable: {printable(str(error), 300)}",
                hint="enve-deploy puts its programs in order",
            ) from None
        visit.flaw = visit.look.flaw
        visit.error = trouble(visit.look)


def trouble(seen: Look) -> EnveError | None:
    """Why nothing can be sent to a node that shows itself so."""
    if not seen.installed:
        return NodeFailure("there is no pm on it", hint="enve-deploy puts it there")
    if not seen.alive:
        return NodeFailure("its pm does not run", hint="enve-deploy starts it")
    low, high = seen.versions
    if not low <= SPOKEN <= high:
        return NodeFailure(
            f"its pm speaks the versions {low} to {high}, this program {SPOKEN}",
            hint="enve-deploy brings them together",
        )
    return None
