"""Readiness that a service announces by sd_notify datagrams: an abstract socket for each run, or
one with a path for who has a network of its own.

Abstract names can be seen by every user of the machine, so the address is no secret: the kernel
says who sent a datagram (SO_PASSCRED), and whoever hears it decides whether that is one of the
run. A socket of its own tells the run also when the sender is gone by then (`systemd-notify`).
"""

from __future__ import annotations

import os

from enve_pm.core.lean import Struct
from enve_pm.shell.events.light import socket

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from enve_pm.shell.events.loop import Loop

CREDENTIALS = Struct("iII")  # pid, uid, gid
LONGEST = 4096  # bytes of a datagram; what is longer is cut
TURN = 64  # datagrams a turn: one noisy service does not keep the loop


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
        taken = fd if fd >= 0 else None
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM, 0, taken)
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self.address = address or "@enve-pm/%d/%s" % (os.getpid(), os.urandom(8).hex())
        if fd < 0:
            self._bind()
        self.fd = self._socket.fileno()
        loop.watch(self.fd, self._read)

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
        self._socket.close()
        if not self.address.startswith("@"):
            self._unlink()

    def _read(self) -> None:
        for _ in range(TURN):
            try:
                text, extra, _, _ = self._socket.recvmsg(
                    LONGEST, socket.CMSG_SPACE(CREDENTIALS.size)
                )
            except OSError:
                return
            for level, kind, data in extra:
                if (level, kind) == (socket.SOL_SOCKET, socket.SCM_CREDENTIALS):
                    pid, uid, _ = CREDENTIALS.unpack(data[: CREDENTIALS.size])
                    self._heard(Notice(pid, uid, text))
