"""pm's end of the heartbeat: answers the watchdog, and ends everything when that is gone."""

from __future__ import annotations

import os

from enve_pm.shell.complain import complain
from enve_pm.shell.guard import heartbeat, subtree
from enve_pm.shell.process import cgroup

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from enve_pm.shell.events.loop import Loop
    from enve_pm.shell.guard.post import Post

GRACE = 2.0  # seconds that all get together, from TERM to KILL
DEADLINE = 10.0  # seconds to get rid of what is left
STATUS = 3


class Lifeline:
    """`heard` takes the answers to what pm asks of the watchdog: (word, rest)."""

    def __init__(self, loop: Loop, post: Post) -> None:
        self.heard: Callable[[str, str], None] = lambda word, rest: None
        self.beat: Callable[[], None] = lambda: None  # called at each ping
        self.helpers: Callable[[], list[int]] = list  # those children of ours that end after us
        self.over: Callable[[], None] = lambda: None  # called when all others have ended
        self.post = post
        self._wire = heartbeat.Wire(post.reader, post.writer)
        loop.watch(post.reader, self._hear)

    def ask(self, word: str, rest: str = "") -> bool:
        """Say something to the watchdog; False when it does not take it."""
        return self._wire.say(word, rest)

    def _hear(self) -> None:
        messages = self._wire.hear()
        if messages is None:
            self._lost()
        for word, rest in messages or ():
            if word == heartbeat.PING:
                self._wire.say(heartbeat.BEAT)
                self.beat()
            else:
                self.heard(word, rest)

    def _lost(self) -> None:
        """Nobody would end our children if we died now: end them while we can, and go."""
        complain("the watchdog is gone: ending everything")
        subtree.ask_all(GRACE, self.helpers())
        self.over()
        left = subtree.kill_all(DEADLINE)
        if left:
            complain(f"could not be killed: {left[:20]}")
        if self.post.cgroup:
            cgroup.leave(self.post.cgroup)
        os._exit(STATUS)
