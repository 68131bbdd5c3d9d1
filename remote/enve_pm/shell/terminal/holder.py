"""The holder: a process of its own with the terminals of pm's units, and with all who join them.

It is pm's child, as the logger is, and gets each terminal over a socket. A terminal's flood, and
who is slow to read it, keep this process busy, never pm's loop. Whoever may give pm orders may
join: the socket for that lies in a folder of pm's owner alone, and the kernel says who calls.
"""

from __future__ import annotations

import os
import select
import signal
import socket

from enve_pm.shell.complain import complain
from enve_pm.shell.process.widen import widen
from enve_pm.shell.terminal.guest import Guest, size
from enve_pm.shell.terminal.holding import TYPED, Holding
from enve_pm.shell.terminal.terminalwords import KEYS, MESSAGE, NOTICE, OUTPUT, SIZE, SOCKET

GUESTS = 64
MAPPED = ["0", "0", "4294967295"]  # of a process in no user namespace of its own


class Holder:
    """All terminals of one pm. Ends when pm's end of the channel is closed."""

    def __init__(self, channel: socket.socket, door: socket.socket | None) -> None:
        self._channel = channel
        self._door = door
        self._held: dict[str, Holding] = {}
        self._guests: list[Guest] = []
        self._welcome = _welcome()
        self._spare = _spare()

    def run(self) -> None:
        while self._turn():
            for guest in [guest for guest in self._guests if guest.gone]:
                guest.connection.close()
                self._guests.remove(guest)
        for name in list(self._held):
            self._drop(name, "pm has ended")

    def _turn(self) -> bool:
        """Wait, and do what there is to do. False: pm is gone. (What is waited for is put together
        anew each time: there are few of them.)"""
        poll = select.poll()
        poll.register(self._channel, select.POLLIN)
        if self._door is not None:
            poll.register(self._door, select.POLLIN)
        for held in self._held.values():
            if held.owed:
                poll.register(held.log, select.POLLOUT)
            elif held.master >= 0:
                poll.register(held.master, select.POLLIN | (select.POLLOUT if held.typed else 0))
        for guest in self._guests:
            owed = guest.waiting or guest.behind
            poll.register(guest, (select.POLLOUT if owed else 0) | self._listens(guest))
        ready = dict(poll.poll())
        if self._channel.fileno() in ready and not self._hear():
            return False
        if self._door is not None and self._door.fileno() in ready:
            self._admit()
        for guest in self._guests:
            if guest.fileno() in ready:
                self._serve(guest, ready[guest.fileno()])
        for name, held in list(self._held.items()):
            self._pump(name, held, ready)
        return True

    def _listens(self, guest: Guest) -> int:
        held = self._held.get(guest.name)
        return 0 if held is not None and len(held.typed) > TYPED else select.POLLIN

    # -- pm ----------------------------------------------------------------------------------------
    def _hear(self) -> bool:
        """Take all that pm has said by now, so that who calls after that finds what he looks for.
        False when pm is gone."""
        while True:
            try:
                text, extra, _, _ = self._channel.recvmsg(MESSAGE, socket.CMSG_SPACE(8))
            except BlockingIOError:
                return True
            if not text:
                return False
            self._heard(text, extra)

    def _heard(self, text: bytes, extra: list[tuple[int, int, bytes]]) -> None:
        fds: list[int] = []
        for level, kind, data in extra:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                fds += memoryview(data[: len(data) & ~3]).cast("i")
        name, *words = text.decode("utf-8", "surrogateescape").split("\n")
        if len(words) != 2:
            self._drop(name, f"{name} does not run any more")
        elif fds:
            held = self._held.setdefault(name, Holding())
            self._show(name, held.take(fds[0], [*fds, -1][1], size(words)))

    def _drop(self, name: str, why: str) -> None:
        held = self._held.pop(name, None)
        if held is None:
            return
        self._show(name, held.leave())
        for guest in self._of(name):
            guest.dismiss(0, why)

    # -- guests ------------------------------------------------------------------------------------
    def _admit(self) -> None:
        assert self._door is not None  # noqa: S101
        try:
            guest = Guest(self._door.accept()[0])
        except OSError:
            self._turn_away(self._door)
            return
        self._guests.append(guest)
        if guest.uid() not in self._welcome:
            guest.dismiss(5, "only the owner of this pm may join its units")
        elif len(self._guests) > GUESTS:
            guest.dismiss(3, f"{GUESTS} have joined already")

    def _turn_away(self, door: socket.socket) -> None:
        """There is no descriptor left for who calls: he hears it by the end, or we would look for
        him again and again."""
        os.close(self._spare)
        try:
            door.accept()[0].close()
        except OSError:
            pass  # he has gone himself
        self._spare = _spare()

    def _serve(self, guest: Guest, what: int) -> None:
        if what & select.POLLOUT:
            guest.flush()
            self._catch_up(guest)
        if not what & ~select.POLLOUT:
            return
        data = guest.hear()
        if not data or guest.last:
            return
        held = self._held.get(guest.name)
        if not guest.name:
            self._join(guest, data)
        elif guest.types and held is not None and data[:1] == KEYS:
            held.type(data[1:])
        elif guest.types and held is not None and data[:1] == SIZE:
            held.resize(size(data[1:].decode("ascii", "replace").split("\n")))

    def _join(self, guest: Guest, data: bytes) -> None:
        if not guest.join(data):
            guest.gone = True
            return
        held = self._held.get(guest.name)
        if held is None:
            guest.dismiss(3, f"{guest.name} does not run now; pm start {guest.name} starts it")
            return
        guest.tell(OUTPUT, held.screen.shown(guest.size[0] or held.size[0]))
        if guest.types:
            held.resize(guest.size)

    def _catch_up(self, guest: Guest) -> None:
        """One who has missed something has room again."""
        held = self._held.get(guest.name)
        if not guest.behind or guest.waiting or held is None:
            return
        guest.behind = False
        guest.tell(NOTICE, b"some output was left out: it came faster than it was taken")
        guest.tell(OUTPUT, held.screen.shown(guest.size[0] or held.size[0]))

    def _of(self, name: str) -> list[Guest]:
        return [guest for guest in self._guests if guest.name == name]

    # -- units -------------------------------------------------------------------------------------
    def _pump(self, name: str, held: Holding, ready: dict[int, int]) -> None:
        if held.owed:
            held.write_log()
        elif held.master in ready:
            if held.typed:
                held.type()
            if ready[held.master] & ~select.POLLOUT:
                self._show(name, held.read())
                if held.master < 0:
                    self._tell(name, NOTICE, f"{name} has ended".encode())

    def _show(self, name: str, data: bytes) -> None:
        if data:
            self._tell(name, OUTPUT, data)

    def _tell(self, name: str, kind: bytes, data: bytes) -> None:
        for guest in self._of(name):
            for begin in range(0, len(data), MESSAGE // 2):
                guest.tell(kind, data[begin : begin + MESSAGE // 2])


def _welcome() -> set[int]:
    """Who may join: the owner, and root. In a user namespace of our own the kernel calls everybody
    outside by one number; the folder is closed for all of them but root."""
    found = {0, os.geteuid()}
    with open("/proc/self/uid_map", encoding="ascii") as file:
        if file.read().split() != MAPPED:
            with open("/proc/sys/kernel/overflowuid", encoding="ascii") as other:
                found.add(int(other.read()))
    return found


def _spare() -> int:
    """A descriptor that can be given up."""
    return os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)


def _open_door(folder: str) -> socket.socket | None:
    """None where that cannot be: then units print to their logs, and nobody joins."""
    try:
        os.makedirs(folder, 0o700, exist_ok=True)
        os.chmod(folder, 0o700)
        os.chdir(folder)  # so no path is too long for a socket
        if os.path.lexists(SOCKET):
            os.unlink(SOCKET)
        os.umask(0o177)
        door = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        door.bind(SOCKET)
        door.listen(16)
        door.setblocking(False)
    except OSError as error:
        complain(f"pm: nobody can join a terminal: {folder}: {error}")
        return None
    return door


def main(folder: str, fd: int) -> int:
    """Hold terminals; `fd`: the channel that pm handed down."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # it ends when pm does
    os.set_inheritable(fd, False)
    widen()
    channel = socket.socket(fileno=fd)
    channel.setblocking(False)
    Holder(channel, _open_door(folder)).run()
    return 0
