"""What pm asks itself whether a service is there: a socket that takes a connection, an HTTP answer.

Everything is done with the rights of the unit's user, down to whose the socket is: a check can do
nothing that the unit could not do itself. One connection a check, at most LONGEST bytes are read.
"""

from __future__ import annotations

import errno
import os

from enve_pm.core import target
from enve_pm.shell.events.light import socket
from enve_pm.shell.events.loop import READABLE, WRITABLE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from enve_pm.core.target import Place
    from enve_pm.shell.events.loop import Loop
    from enve_pm.shell.events.system import Whom

    Done = Callable[[int, str], None]  # exit code, and what is wrong

LONGEST = 1024  # bytes of an answer
UNDER_WAY = (0, errno.EINPROGRESS, errno.EALREADY)
GOOD = range(200, 400)
REQUEST = "GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: enve-pm\r\nConnection: close\r\n\r\n"


class Question:
    """One check under way. `body`: as in the line; `folder`: where relative paths start."""

    def __init__(self, loop: Loop, body: Mapping[str, Any], folder: str, done: Done) -> None:
        self._loop = loop
        self._body = body
        self._folder = folder
        self._done = done
        self._how: str = body["how"]
        self._socket: socket.socket | None = None
        self._answer = b""

    def begin(self, whom: Whom | None) -> None:
        """Ask. The answer comes before this returns where nothing has to be waited for."""
        try:
            begin = self._look if self._how == target.FILE else self._connect
            self._loop.system.acting(whom, begin)
        except OSError as error:
            self._end(error)

    def close(self) -> None:
        if self._socket is not None:
            self._loop.unwatch(self._socket.fileno())
            self._socket.close()
            self._socket = None

    def _path(self) -> str:
        return os.path.join(self._folder, self._body[target.KEYS[self._how]])

    def _look(self) -> None:
        os.stat(self._path())
        self._end(None)

    def _connect(self) -> None:
        family, where = self._where()
        self._socket = socket.socket(family, socket.SOCK_STREAM)
        self._socket.setblocking(False)
        failed = self._socket.connect_ex(where)
        if failed not in UNDER_WAY:
            raise OSError(failed, os.strerror(failed))
        if failed == 0 and self._how != target.HTTP:
            self._end(None)
        else:
            self._loop.watch(self._socket.fileno(), self._connected, WRITABLE)

    def _where(self) -> tuple[int, Any]:
        if self._how == target.UNIX:
            return socket.AF_UNIX, self._path()
        place = self._place()
        family = socket.AF_INET6 if ":" in place.host else socket.AF_INET
        return family, (place.host, place.port)

    def _place(self) -> Place:
        if self._how == target.HTTP:
            return target.url(self._body["url"])
        return target.address(self._body["address"])

    def _connected(self) -> None:
        assert self._socket is not None  # noqa: S101
        failed = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if failed or self._how != target.HTTP:
            self._end(OSError(failed, os.strerror(failed)) if failed else None)
            return
        place = self._place()
        try:
            self._socket.send((REQUEST % (place.path, place.name)).encode("ascii"))
        except OSError as error:
            self._end(error)
            return
        self._loop.unwatch(self._socket.fileno())
        self._loop.watch(self._socket.fileno(), self._read, READABLE)

    def _read(self) -> None:
        assert self._socket is not None  # noqa: S101
        try:
            data = self._socket.recv(LONGEST)
        except BlockingIOError:
            return
        except OSError as error:
            self._end(error)
            return
        self._answer += data
        if b"\n" in self._answer or not data or len(self._answer) >= LONGEST:
            code = status(self._answer)
            self._end(None if code in GOOD else OSError(0, str(code or "no HTTP answer")))

    def _end(self, error: OSError | None) -> None:
        self.close()
        reason = (error.strerror or str(error)) if error is not None else ""
        self._done(0 if error is None else 1, reason.lower())


def status(answer: bytes) -> int:
    """The code of an HTTP answer's first line; 0 of anything else."""
    words = answer.split(b"\n", 1)[0].split()
    good = len(words) >= 2 and words[0].startswith(b"HTTP/1.") and len(words[1]) == 3
    return int(words[1]) if good and words[1].isdigit() else 0
