"""Something of another user's that has no terminal in front of it: none of ours is open there
either, or it could go on reading what is typed, and write below it, long after its command has
ended. It reads nothing where we have a terminal, and prints to that through us."""

from __future__ import annotations

import os
import select
import signal

from enve_pm.client.raw import ENDS, Ended, put

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

CHUNK = 65536
EVERY = 50  # ms between two looks whether it has ended


def run(go: Callable[[bool], int]) -> int:
    """`go(False)` in a child, in a session of its own; the exit status of that."""
    pipes = {number: os.pipe() for number in (1, 2) if os.isatty(number)}
    child = os.fork()
    if not child:
        os.setsid()
        if os.isatty(0):
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        for number, (_, writer) in pipes.items():
            os.dup2(writer, number)
        os._exit(go(False))
    for _, writer in pipes.values():
        os.close(writer)
    if not pipes:
        return follow(child)
    try:
        return _Copy(child, {reader: number for number, (reader, _) in pipes.items()}).run()
    except Ended as ended:
        return 128 + ended.number


def follow(child: int) -> int:
    """Wait for it, and hand on to its group what asks us to end. Its exit status."""
    _hand_on(child)
    return status(os.waitpid(child, 0)[1])


def _hand_on(child: int, then: Callable[[int], None] = lambda number: None) -> None:
    def heard(number: int, _: object) -> None:
        try:
            os.killpg(child, number)
        except OSError:
            pass  # it has ended, or has not begun yet
        then(number)

    for number in ENDS:
        signal.signal(number, heard)


class _Copy:
    """`readers`: of what it prints -> our terminal."""

    def __init__(self, child: int, readers: dict[int, int]) -> None:
        self._child = child
        self._readers = readers
        self._writing = False
        _hand_on(child, self._leave)

    def _leave(self, number: int) -> None:
        """A terminal of ours that is stuck would keep us for ever."""
        if self._writing:
            raise Ended(number)

    def run(self) -> int:
        """Its exit status. What it has started beside itself is not waited for. Raises Ended."""
        poll = select.poll()
        for reader in self._readers:
            poll.register(reader, select.POLLIN)
        while True:
            for reader, _ in poll.poll(EVERY):
                if not self._copy(reader):
                    poll.unregister(reader)
            pid, code = os.waitpid(self._child, os.WNOHANG)
            if pid:
                break
        for reader in self._readers:
            os.set_blocking(reader, False)
            self._copy(reader)  # a pipe gives all that is in it
        return status(code)

    def _copy(self, reader: int) -> bool:
        """False: there will be no more."""
        try:
            data = os.read(reader, CHUNK)
        except BlockingIOError:
            return True
        self._writing = True
        put(self._readers[reader], data)
        self._writing = False
        return bool(data)


def status(code: int) -> int:
    """Of what waitpid gives."""
    return 128 + os.WTERMSIG(code) if os.WIFSIGNALED(code) else os.WEXITSTATUS(code)
