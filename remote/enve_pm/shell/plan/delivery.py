"""One child that brings a stream (`enve_pm.loader`): pm's side of its two pipes.

What comes is bounded, and is offered to the acceptor like what came through the signed pipe; its
verdict goes back to the child.
"""

from __future__ import annotations

import os

from enve_pm.core import brought
from enve_pm.wire import stream as streams

TYPE_CHECKING = False
if TYPE_CHECKING:
    from enve_pm.shell.events.loop import Loop
    from enve_pm.shell.plan.accept import Acceptor

THEIRS, OURS = 3, 4  # the child's numbers: to pm, and from it
TITLE = b"stream\n"
READ = 1 << 18
ENDED = "it ended without a word"
LARGE = "the stream is larger than %d bytes" % streams.SIZE


class Delivery:
    """`inbox`: where files lie that are too large for the stream. `good` and `text` say how it went
    when `over`. Raises OSError."""

    def __init__(self, loop: Loop, acceptor: Acceptor, inbox: str) -> None:
        self.over = False
        self.good = False
        self.text = ENDED
        self._loop = loop
        self._acceptor = acceptor
        self._inbox = inbox
        self._data = bytearray()  # however small the pieces are that come
        self._theirs = self._answers = self._writer = -1
        self._reader, self._theirs = os.pipe()
        try:
            self._answers, self._writer = os.pipe()
        except OSError:  # no more descriptors
            self.close()
            raise
        for handle in (self._reader, self._writer):
            os.set_blocking(handle, False)

    @property
    def fds(self) -> dict[int, int]:
        """What the child is given."""
        return {THEIRS: self._theirs, OURS: self._answers}

    def begin(self) -> None:
        """The child has them."""
        self._close_theirs()
        self._loop.watch(self._reader, self._read)

    def close(self) -> None:
        """Nobody waits for it any more."""
        self._close_theirs()
        self._close_reader()
        if self._writer >= 0:
            os.close(self._writer)
            self._writer = -1

    def ended(self) -> None:
        """The child is gone. Its last words may still be in the pipe: a turn of the loop hears of
        ends that came after it had looked for words."""
        while self._reader >= 0 and self._take():
            pass
        self.close()

    def _close_theirs(self) -> None:
        for handle in (self._theirs, self._answers):
            if handle >= 0:
                os.close(handle)
        self._theirs = self._answers = -1

    def _close_reader(self) -> None:
        if self._reader >= 0:
            self._loop.unwatch(self._reader)
            os.close(self._reader)
            self._reader = -1

    def _read(self) -> None:
        self._take()

    def _take(self) -> bool:
        """Hear what is there; False: nothing is."""
        try:
            piece = os.read(self._reader, READ)
        except BlockingIOError:
            return False
        self._data += piece
        if not piece or len(self._data) > len(TITLE) + streams.SIZE:
            self._whole(piece)
        return True

    def _whole(self, piece: bytes) -> None:
        self._close_reader()
        data, self._data = bytes(self._data), bytearray()
        if piece:
            self._tell(False, LARGE)
        elif data.startswith(TITLE):
            self._acceptor.offer(data[len(TITLE) :], self._inbox, self._tell)
        else:
            self._tell(*(brought.said(data) or (False, ENDED)))

    def _tell(self, good: bool, text: str) -> None:
        self.over, self.good, self.text = True, good, text
        row = "%s %s\n" % ("good" if good else "bad", text)
        try:
            if self._writer >= 0:
                os.write(self._writer, row.encode("utf-8", "replace")[:4000])
        except OSError:
            pass  # it is gone, or wants no answer
        self.close()
