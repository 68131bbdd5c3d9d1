"""Readiness that a service announces by sd_notify datagrams: an abstract socket for each run, or
one with a path for who has a network of its own.

Abstract names can be seen by every user of the machine, so the address is no secret: the kernel
says who sent a datagram (SO_PASSCRED), and whoever hears it decides whether that is one of the
run. A socket of its own tells the run also when the sender is gone by then (`systemd-notify`).
"""

from __future__ import annotations

import os
from _struct import Struct

from enve_pm.shell.events.light import socket

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from enve_pm.shell.events.loop import Loop
    from enve_pm.shell.events.timer import Timer

CREDENTIALS = Struct("iII")  # pid, uid, gid
LONGEST = 4096  # bytes of a datagram; what is longer is cut
# Anybody of the machine may write to an abstract socket, and what is dear to judge may be meant so:
# at most so many datagrams, or ms of them, are read in so many ms.
MOST, SHARE, SPAN = 256, 10, 50


class Notice:
    """What a datagram said: `ready`, `alive`, `trouble`, `main` (0 = not said), `status` (for
    people)."""

    __slots__ = ("alive", "main", "pid", "ready", "status", "trouble", "uid")

    def __init__(self, pid: int, uid: int, text: bytes) -> None:
        rows = dict(row.partition(b"=")[::2] for row in text.split(b"\n"))
        self.pid = pid
        self.uid = uid
        self.ready = rows.get(b"READY") == b"1"
        self.alive = rows.get(b"WATCHDOG") == b"1"
        self.trouble = rows.get(b"WATCHDOG") == b"trigger"
        main = rows.get(b"MAINPID", b"")
        self.main = int(main) if main.isdigit() and len(main) < 10 else 0
        self.status = rows.get(b"STATUS", b"").decode("utf-8", "replace")[:200]


class Notify:
    """One socket. `address` is for NOTIFY_SOCKET; `fd` of an earlier program is taken over."""

    def __init__(
        self, loop: Loop, heard: Callable[[Notice], None], address: str = "", fd: int = -1
    ) -> None:
        self._loop = loop
        self._heard = heard
        self._since = self._count = 0  # when this span has begun, and what was read in it
        self._timer: Timer | None = None
        taken = fd if fd >= 0 else None
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM, 0, taken)
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self.address = address or "@enve-pm/%d/%s" % (os.getpid(), os.urandom(8).hex())
        if fd < 0:
            self._bind()
        self.fd = self._socket.fileno()
        self._listen()

    def _bind(self) -> None:
        """Raises OSError."""
        if self.address.startswith("@"):
            self._socket.bind("\0" + self.address[1:])
            return
        self._unlink()
        before = os.umask(0)  # whoever can enter the folder may write to it
        try:
            self._socket.bind(self.address)
        finally:
            os.umask(before)

    def _unlink(self) -> None:
        try:
            os.unlink(self.address)
        except FileNotFoundError:
            pass

    def close(self) -> None:
        self._loop.unwatch(self.fd)
        if self._timer is not None:
            self._loop.cancel(self._timer)
        self._socket.close()
        if not self.address.startswith("@"):
            try:
                self._unlink()
            except OSError:
                pass  # whose folder it is has put something else there

    def _listen(self) -> None:
        self._timer = None
        self._loop.watch(self.fd, self._take)

    def _take(self) -> None:
        """All that is there, or as much as this span has room for."""
        clock = self._loop.system.now
        began = clock()
        if began >= self._since + SPAN:
            self._since, self._count = began, 0
        while self._count < MOST and clock() <= began + SHARE:
            self._count += 1
            try:
                notice = self._next()
            except OSError:
                return
            if notice is not None:
                self._heard(notice)
        self._loop.unwatch(self.fd)
        self._timer = self._loop.at(began + SPAN, self._listen)

    def _next(self) -> Notice | None:
        """None: it does not say from whom. Raises OSError."""
        text, extra, _, _ = self._socket.recvmsg(LONGEST, socket.CMSG_SPACE(CREDENTIALS.size))
        for level, kind, data in extra:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_CREDENTIALS):
                pid, uid, _ = CREDENTIALS.unpack(data[: CREDENTIALS.size])
                return Notice(pid, uid, text)
        return None
