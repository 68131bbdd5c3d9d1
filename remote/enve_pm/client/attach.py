"""`pm attach UNIT`: our terminal stands for that of a unit, until it ends or we leave."""

from __future__ import annotations

import collections
import os
import select
import socket
import sys
import time

from enve_pm.client import detach, listed, raw, read
from enve_pm.client.raw import QUIET, Ended, Raw
from enve_pm.core.unit import SUBPM
from enve_pm.shell import where, words
from enve_pm.shell.terminal.terminalwords import (
    END,
    FOLDER,
    JOIN,
    KEYS,
    MESSAGE,
    NOTICE,
    OUTPUT,
    SIZE,
    SOCKET,
    TYPE,
    WATCH,
)
from enve_pm.shell.words import FAILED, OK, REFUSED, USAGE, Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

FLAGS = {**where.FLAGS, "--read-only": False, "--detach-key": True}
BEGINS = 2.0  # seconds that the holder of a unit that runs may need to be there
AGAIN = 0.02
LONGEST = 1 << 20  # bytes of keys that wait until the unit takes some; more are left out
NONE = (
    "%s has no terminal; `terminal: true` in its spot gives it one, "
    "and a shell beside its process is there by: pm enter %s (enve shell --beside)"
)


def run(arguments: Sequence[str]) -> int:
    options, names = words.split(arguments, FLAGS)
    if len(names) != 1:
        raise Failure(USAGE, "wanted one unit: pm attach UNIT [--read-only] [--detach-key X]")
    home, steps = where.home(options), read.steps(names[0])
    line = read.parameter(home, steps)
    types = "--read-only" not in options
    if line.get("kind") == SUBPM:
        return _stand(home, names[0], types)
    if "terminal" not in line:
        raise Failure(USAGE, NONE % (names[0], names[0]))
    if types and not (os.isatty(0) and os.isatty(1)):
        raise Failure(USAGE, "pm attach needs a terminal; --read-only does without one")
    name = options.get("--detach-key", detach.DEFAULT)
    keys = detach.Keys(detach.prefix(name))
    connection = connect(home, steps, names[0])
    if types:
        print(f"[{names[0]}: Ctrl-{name} d leaves it as it is]", file=sys.stderr)
    typed, over = raw.early() if os.isatty(0) else (b"", False)
    with Raw(types or os.isatty(0)) as terminal:
        return _Joined(connection, terminal, keys, types, over).go(steps[-1], typed)


def _stand(home: str, name: str, types: bool) -> int:
    """A nested pm has no terminal: who joins it stands where it is. Raises Failure."""
    from enve_pm.client import enter

    if not types:
        raise Failure(USAGE, f"{name} is a nested pm: there is nothing to watch; pm logs shows it")
    return enter.run(["--home", home, name])


def connect(home: str, steps: Sequence[str], name: str) -> socket.socket:
    """To the holder of the terminal of a unit. Raises Failure."""
    folder = read.folder(home, steps[:-1], FOLDER) if len(steps) > 1 else f"{home}/{FOLDER}"
    end = time.monotonic() + BEGINS
    while True:
        try:
            return _call(f"{folder}/{SOCKET}")
        except PermissionError:
            raise Failure(REFUSED, f"{name} is not yours to join; use its pm's login") from None
        except OSError:
            why = listed.not_running(home, name)
            if why or time.monotonic() > end:
                raise Failure(FAILED, why or f"nothing holds the terminal of {name}") from None
        time.sleep(AGAIN)


def _call(path: str) -> socket.socket:
    """No link is followed, no path is too long, and who does not listen is not waited for. Raises
    OSError."""
    made = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    made.setblocking(False)
    place = -1
    try:
        place = os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
        made.connect(f"/proc/self/fd/{place}")
    except BaseException:
        made.close()
        raise
    finally:
        if place >= 0:
            os.close(place)
    return made


class _Joined:
    def __init__(
        self,
        connection: socket.socket,
        terminal: Raw,
        keys: detach.Keys,
        types: bool,
        over: bool,  # nothing more is typed
    ) -> None:
        self._connection = connection
        self._terminal = terminal
        self._keys = keys
        self._types = types
        self._over = over
        self._waiting: collections.deque[bytes] = collections.deque()
        self._bytes = 0

    def go(self, unit: str, typed: bytes) -> int:
        """Returns the exit status. `typed`: by now. Raises Failure."""
        how = TYPE if self._types else WATCH
        self._send(JOIN + "\n".join((unit, *map(str, self._terminal.size()), how)).encode())
        poll = select.poll()
        poll.register(self._terminal.wake, select.POLLIN)
        if not self._over and (self._types or os.isatty(0)):
            poll.register(0, select.POLLIN)
        code = -1 if self._hand_on(typed) else self._leave()
        try:
            while code < 0:
                owed = select.POLLOUT if self._waiting else 0
                poll.register(self._connection, select.POLLIN | owed)
                code = self._turn(dict(poll.poll(QUIET if self._over else None)))
        except Ended as ended:
            return 128 + ended.number
        return code

    def _turn(self, ready: dict[int, int]) -> int:
        """The exit status, or -1: it goes on."""
        if self._terminal.wake in ready and self._terminal.woken() and self._types:
            self._send(SIZE + "{}\n{}".format(*self._terminal.size()).encode())
        if not ready or (0 in ready and not self._typed()):
            return self._leave()
        what = ready.get(self._connection.fileno(), 0)
        if what & select.POLLOUT:
            self._flush()
        return self._heard() if what & ~select.POLLOUT else -1

    def _leave(self) -> int:
        self._terminal.note("left; it goes on")
        return OK

    def _typed(self) -> bool:
        """Hand on what is typed. False: we leave."""
        try:
            data = os.read(0, raw.KEYS)
        except OSError:  # our terminal is gone
            data = b""
        return bool(data) and self._hand_on(data)

    def _hand_on(self, data: bytes) -> bool:
        """False: we leave."""
        keys = self._keys.feed(data)
        if not self._types and b"\x03" in keys:
            return False
        for at in range(0, len(keys) if self._types else 0, raw.KEYS):
            self._send(KEYS + keys[at : at + raw.KEYS])  # all of it would be no message
        return not self._keys.left

    def _heard(self) -> int:
        try:
            data = self._connection.recv(MESSAGE)
        except BlockingIOError:
            return -1
        except OSError:
            data = b""
        kind, rest = data[:1], data[1:]
        if kind == OUTPUT:
            self._terminal.show(rest)
        elif kind == NOTICE:
            self._terminal.note(rest.decode("utf-8", "replace"))
        elif kind == END:
            code, _, text = rest.partition(b" ")
            said = text.decode("utf-8", "replace")
            if code != b"0":
                raise Failure(REFUSED if code == b"%d" % REFUSED else FAILED, said)
            self._terminal.note(said)
            return OK
        elif not data:
            raise Failure(FAILED, "the terminal is gone: its holder or pm has ended; join it again")
        return -1

    def _send(self, data: bytes) -> None:
        """It goes when it can: who is stuck over there does not keep us from leaving."""
        if self._bytes + len(data) > LONGEST:
            return
        self._waiting.append(data)
        self._bytes += len(data)
        self._flush()

    def _flush(self) -> None:
        try:
            while self._waiting:
                self._connection.send(self._waiting[0])
                self._bytes -= len(self._waiting.popleft())
        except BlockingIOError:
            pass
        except OSError:  # its end is heard
            self._waiting.clear()
            self._bytes = 0
