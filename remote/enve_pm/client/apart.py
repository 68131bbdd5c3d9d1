"""Something of another user's in front of us: in a session of its own, on a terminal of its own
where we have one, so that nobody there can type into ours after we are back."""

from __future__ import annotations

import fcntl
import os
import select
import signal
import struct
import termios
import time

from enve_pm.client import printed
from enve_pm.client.raw import KEYS, QUIET, Ended, Raw, early

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

CHUNK = 65536
GRACE = 2.0  # seconds that something may need to end when its terminal is hung up


def run(go: Callable[[bool], int]) -> int:
    """`go(whether 0 is a terminal to be its own)` in a child; the exit status of that."""
    if not (os.isatty(0) and os.isatty(1)):
        return printed.run(go)
    master, slave = os.openpty()
    child = os.fork()
    if not child:
        os.setsid()
        for number in (0, 1, 2):
            os.dup2(slave, number)
        os.close(slave)
        os.close(master)
        os._exit(go(True))
    os.close(slave)
    os.set_blocking(master, False)
    try:
        typed, over = early()
        with Raw(True) as terminal:
            _relay(master, terminal, typed, over)
    except Ended as ended:
        os.close(master)  # it is hung up
        _let_end(child)
        return 128 + ended.number
    return printed.status(os.waitpid(child, 0)[1])


def _let_end(child: int) -> None:
    """One that does not hear that its terminal is hung up is left."""
    end = time.monotonic() + GRACE
    while not os.waitpid(child, os.WNOHANG)[0] and time.monotonic() < end:
        time.sleep(0.01)


def _relay(master: int, terminal: Raw, typed: bytes, over: bool) -> None:
    """To the end of what is there. What it does not read of what is typed waits, and is not more
    than a screenful: nobody hangs with it. Where nothing more is typed (`over`), it ends when
    nothing was shown for a while. Raises Ended."""
    _resize(master, terminal)
    while True:
        poll = select.poll()
        poll.register(terminal.wake, select.POLLIN)
        poll.register(master, select.POLLIN | (select.POLLOUT if typed else 0))
        if not typed and not over:
            poll.register(0, select.POLLIN)
        ready = dict(poll.poll(QUIET if over else None))
        if not ready:
            raise Ended(signal.SIGHUP)
        if terminal.wake in ready and terminal.woken():
            _resize(master, terminal)
        if 0 in ready:
            typed = os.read(0, KEYS)
            over = not typed
        try:
            if typed:
                typed = _type(master, typed)
            if ready.get(master, 0) & ~select.POLLOUT:
                terminal.show(os.read(master, CHUNK))
        except OSError:  # EIO: it has ended
            return


def _type(master: int, typed: bytes) -> bytes:
    """What could not be written yet. Raises OSError."""
    try:
        return typed[os.write(master, typed) :]
    except BlockingIOError:
        return typed


def _resize(master: int, terminal: Raw) -> None:
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", *terminal.size(), 0, 0))
