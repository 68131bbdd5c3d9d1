"""Something of another user's in front of us: in a session of its own, on a terminal of its own
where we have one, so that nobody there can type into ours after we are back."""

from __future__ import annotations

import fcntl
import os
import select
import struct
import termios

from enve_pm.client.raw import Ended, Raw

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

CHUNK = 65536


def run(go: Callable[[bool], int]) -> int:
    """`go(whether 0 is a terminal to be its own)` in a child; the exit status of that."""
    if not (os.isatty(0) and os.isatty(1)):
        child = os.fork()
        if not child:
            os.setsid()
            os._exit(go(False))
        return _status(os.waitpid(child, 0)[1])
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
    try:
        with Raw(True) as terminal:
            _relay(master, terminal)
    except Ended as ended:
        os.close(master)  # it is hung up
        os.waitpid(child, 0)
        return 128 + ended.number
    return _status(os.waitpid(child, 0)[1])


def _relay(master: int, terminal: Raw) -> None:
    """To the end of what is there. Raises Ended."""
    poll = select.poll()
    for fd in (0, master, terminal.wake):
        poll.register(fd, select.POLLIN)
    _resize(master, terminal)
    while True:
        ready = dict(poll.poll())
        if terminal.wake in ready and terminal.woken():
            _resize(master, terminal)
        if 0 in ready:
            data = os.read(0, 4096)
            os.write(master, data)
            if not data:
                return
        if master in ready:
            try:
                terminal.show(os.read(master, CHUNK))
            except OSError:  # EIO: it has ended
                return


def _resize(master: int, terminal: Raw) -> None:
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", *terminal.size(), 0, 0))


def _status(status: int) -> int:
    return 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
