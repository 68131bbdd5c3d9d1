"""Placing and clearing of files and products, by a child process: pm's loop does not wait for a
slow disk."""

from __future__ import annotations

import os

from enve_pm.core.filename import quote
from enve_pm.shell.events.branch import order
from enve_pm.shell.product import place

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from enve_pm.shell.events.loop import Loop

    Placed = Callable[[dict[str, str]], None]

ROW = 65536  # bytes of answers read at once


class Placing:
    """One child places a batch; `lines`: {unit: its line, or what `gone` says of it}; `done` gets
    {unit: reason} of those that failed."""

    def __init__(self, loop: Loop, home: str, lines: dict[str, str], done: Placed) -> None:
        self._loop = loop
        self._lines = lines
        self._done = done
        self._answer = b""
        self._reader = -1
        try:
            self._begin(home)
        except OSError as error:  # one that is never told would keep all later plans waiting
            reason = error.strerror or str(error)
            loop.at(loop.system.now(), lambda: self._fail(reason))

    def _begin(self, home: str) -> None:
        request = "".join(line + "\n" for line in self._lines.values()).encode()
        self._reader, writer = os.pipe()
        try:
            os.set_blocking(self._reader, False)
            order(self._loop, request, lambda: place.main(home), self._ended, {1: writer})
        finally:
            os.close(writer)
        self._loop.watch(self._reader, self._read)

    def _read(self) -> None:
        try:
            data = os.read(self._reader, ROW)
        except BlockingIOError:
            return
        self._answer += data
        if not data:
            self._loop.unwatch(self._reader)

    def _ended(self, code: int) -> None:
        self._read_all()
        failed = dict.fromkeys(self._lines, "place:the placing ended with %d" % code)
        answers = self._answer.decode("utf-8", "replace").split("\n")
        for name, row in zip(self._lines, answers[:-1]):  # noqa: B905  (not in Python 3.8)
            answer = row[len(name) + 1 :] if row.startswith(name + " ") else row
            failed[name] = "place:" + answer
            if answer == "ok":
                del failed[name]
        self._done(failed)

    def _read_all(self) -> None:
        try:
            while True:
                data = os.read(self._reader, ROW)
                if not data:
                    break
                self._answer += data
        except BlockingIOError:
            pass  # a grandchild holds the pipe; what the child said is here
        self._close()

    def _fail(self, reason: str) -> None:
        self._close()
        self._done(dict.fromkeys(self._lines, "place:" + reason))

    def _close(self) -> None:
        if self._reader >= 0:
            self._loop.unwatch(self._reader)
            os.close(self._reader)
            self._reader = -1


def gone(unit: str) -> str:
    """The order for a unit that is no more: clear what was placed for it."""
    return "gone " + quote(unit)
