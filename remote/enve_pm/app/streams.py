"""The signed pipe: its bytes go to the acceptor, what that has accepted goes to the rollout."""

from __future__ import annotations

import os

from enve_pm.core.address import format as format_address
from enve_pm.core.refusal import Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from enve_pm.app.board import Board
    from enve_pm.app.report import Reports
    from enve_pm.app.rollout import Rollout
    from enve_pm.shell.events.loop import Loop
    from enve_pm.shell.plan.accept import Acceptor

READ = 262144  # bytes taken in one turn


class Streams:
    """`acceptor` is None for a pm without a signed pipe; `nested` is asked for the addresses of
    units in sub-pms whose want was set by hand."""

    def __init__(self, loop: Loop, rollout: Rollout, reports: Reports, board: Board) -> None:
        self.acceptor: Acceptor | None = None
        self.nested: Callable[[], Iterable[str]] = tuple
        self._loop = loop
        self._rollout = rollout
        self._reports = reports
        self._board = board
        self._fd = -1

    def open(self, home: str, pipe: str, fd: int) -> None:
        """Read what is held. `pipe`: the path, `fd`: the pipe opened."""
        from enve_pm.shell.plan.accept import Acceptor

        acceptor = Acceptor(home, pipe, self._loop.system, self._loop, self._rollout.apply)
        self._fd = fd
        self.acceptor = acceptor
        self._reports.report = acceptor.progress
        self._board.kept = self.set_by_hand
        acceptor.start()

    def set_by_hand(self) -> None:
        """Show which spots have a want by hand that a march would set back, here and below."""
        if self.acceptor is not None:
            own = [format_address((unit,)) for unit in self._board.strays()]
            self.acceptor.set_manual(frozenset([*own, *self.nested()]))

    def catch_up(self) -> None:
        """A part may have been accepted by an earlier pm and not brought into force."""
        if self.acceptor is not None and self._bring_in(
            self.acceptor, bool(self.acceptor.plans.held)
        ):
            for accepted in self.acceptor.unfinished():
                self._rollout.apply(accepted)

    def look_again(self) -> None:
        """Deploy has laid down trust/ anew: show it, and run what it allows. Each stream is judged
        by what stands there."""
        if self.acceptor is not None:
            self.acceptor.reload()
            self._bring_in(self.acceptor)

    def _bring_in(self, acceptor: Acceptor, whole: bool = True) -> bool:
        """Run what is held and laid out. False: the blueprint cannot be read, so what the plans
        allow cannot be told, and everything stays as it is."""
        try:
            lines = acceptor.wanted()
            # Without any plan nobody has said that what lies on the disk is to go.
            self._rollout.whole(lines) if whole else self._rollout.add(lines)
        except Refused:
            return False
        return True

    def listen(self) -> None:
        if self.acceptor is not None:
            self._loop.watch(self._fd, self._read)
            self._board.kept()

    @property
    def quiet(self) -> bool:
        """Nothing is being judged."""
        return self.acceptor is None or self.acceptor.quiet

    # -- over a change of program -----------------------------------------------------------------
    def dump(self) -> list[Any] | None:
        return None if self.acceptor is None else self.acceptor.dump()

    def restore(self, dumped: list[Any] | None) -> None:
        if self.acceptor is not None and dumped:
            self.acceptor.restore(dumped)

    def _read(self) -> None:
        try:
            data = os.read(self._fd, READ)
        except BlockingIOError:
            return
        if self.acceptor is not None:
            self.acceptor.feed(data)
