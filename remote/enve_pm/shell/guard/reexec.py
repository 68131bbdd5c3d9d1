"""`pm reexec [PLACE]`: another program goes on where this one stands. Same pid, same children, same
pipes with what is unread in them.

1. A fork packs a copy of the state, and becomes the new program, which loads it and says ok (5 s).
   If it does not, the old one goes on and the command fails with the reason.
2. The watchdog replaces itself.
3. pm replaces itself; the new program answers the command.
"""

from __future__ import annotations

import os

from enve_pm.shell.events.branch import branch
from enve_pm.shell.events.light import signal
from enve_pm.shell.guard import carry, heartbeat, program
from enve_pm.shell.guard import post as posts
from enve_pm.shell.process.spawn import base_env

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, NoReturn, Protocol

    from enve_pm.shell.events.loop import Loop
    from enve_pm.shell.events.timer import Timer
    from enve_pm.shell.guard.lifeline import Lifeline

    class Subject(Protocol):
        """What is carried over: pm. `quiet`: nothing is half done; `dump`: the state, and the
        descriptors that must keep their numbers."""

        @property
        def quiet(self) -> bool: ...
        def settle(self) -> None: ...
        def dump(self) -> tuple[dict[str, Any], list[int]]: ...

    Finish = Callable[[str, int, str], None]

PATIENCE = 5000  # ms for the trial, and for the watchdog
REASON = 2000  # bytes of what a failed trial says
FAILED, REFUSED = 3, 5
IDLE, TRIAL, WATCHDOG, LEAVING = range(4)  # how far it is


class Reexec:
    """`finish` answers a job."""

    def __init__(self, loop: Loop, life: Lifeline, subject: Subject, finish: Finish) -> None:
        self._loop = loop
        self._life = life
        self._subject = subject
        self._finish = finish
        self._job = ""
        self._place = ""
        self._pid = 0
        self._stage = IDLE
        self._timer: Timer | None = None
        life.heard = self._heard

    def command(self, job: str, args: Sequence[str]) -> None:
        """Begin; the answer to the job comes from the new program, or is a failure."""
        if self._job:
            self._finish(job, REFUSED, "another reexec is under way")
            return
        self._job = job
        self._place = args[0] if args else program.wanted(self._life.post.home)
        if not os.path.isabs(self._place) or not os.path.exists(self._place):
            self._fail(f"no program at {self._place}")
            return
        try:
            self._try()
        except Exception as error:  # whatever is wrong, somebody waits for the answer
            self._fail(f"the state cannot be handed over: {error!r}")

    # -- 1. the trial ------------------------------------------------------------------------------
    def _try(self) -> None:
        self._stage = TRIAL
        self._subject.settle()
        reader, writer = os.pipe()
        fds = {1: writer, 2: writer}
        try:
            self._pid = branch(self._loop, fds, self._trial, lambda code: self._tried(code, reader))
        except BaseException:
            os.close(reader)
            raise
        finally:
            os.close(writer)
        self._patience(self._late)

    def _trial(self) -> NoReturn:
        """In a fork of pm, which is not kept waiting: pack the state, and be the new program."""
        state = {"job": self._job, "pm": self._subject.dump()[0]}
        fd = carry.pack(self._life.post.home, state)
        os.set_inheritable(fd, True)
        argv = program.successor(self._place, "_try", str(fd))
        os.execve(argv[0], argv, base_env())

    def _late(self) -> None:
        """The trial hangs: its end, which comes now, is its failure."""
        os.kill(self._pid, signal.SIGKILL)

    def _tried(self, code: int, reader: int) -> None:
        self._patience(None)
        os.set_blocking(reader, False)
        said = _said(reader)
        if code == 0 and said.endswith("ok"):
            self._replace_watchdog()
        elif code == -signal.SIGKILL:
            self._fail("the new program did not say ok within 5 s")
        else:
            reason = said.rpartition("\n")[2]  # of a traceback: what was raised
            self._fail(f"the new program refused (exit {code}): {reason}")

    # -- 2. the watchdog ---------------------------------------------------------------------------
    def _replace_watchdog(self) -> None:
        self._stage = WATCHDOG
        self._patience(lambda: self._fail("the watchdog does not answer"))
        if not self._life.ask(heartbeat.REEXEC, self._place):
            self._fail("the watchdog does not listen")

    def _heard(self, word: str, rest: str) -> None:
        if self._stage != WATCHDOG:
            return  # an answer that came too late: another program may be on trial by now
        self._patience(None)
        if word == heartbeat.READY:
            self._stage = LEAVING
            self._patience(lambda: self._fail("pm had no quiet moment within 5 s; try again"))
        else:
            self._fail(f"the watchdog could not start it: {rest}")

    # -- 3. pm itself ------------------------------------------------------------------------------
    def turned(self) -> None:
        """To be called at the end of each turn: go, when nothing is half done."""
        if self._stage != LEAVING or not self._subject.quiet:
            return
        try:
            self._go()
        except Exception as error:
            self._fail(f"the state cannot be handed over: {error!r}")

    def _go(self) -> None:
        """Returns only when the new program could not be executed, or an end is asked for: one that
        this program has heard of would be lost with it, one that comes later waits for the next."""
        signal.pthread_sigmask(signal.SIG_BLOCK, posts.ENDS)
        try:
            if not self._loop.called():
                self._replace()
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, posts.ENDS)

    def _replace(self) -> None:
        state, keep = self._subject.dump()
        post = self._life.post
        keep += posts.descriptors(post)
        fd = carry.pack(post.home, {"job": self._job, "pm": state, "fds": keep})
        argv = program.successor(self._place, "_resume", str(fd), *posts.encode(post))
        try:
            _inherit([*keep, fd], True)
            os.execv(argv[0], argv)
        except OSError as error:
            self._fail(f"it could not be executed: {error}")
        finally:
            _inherit(keep, False)
            os.close(fd)

    # -- ends --------------------------------------------------------------------------------------
    def _patience(self, late: Callable[[], None] | None) -> None:
        """Call `late` if nothing comes in time; None: it came."""
        if self._timer is not None:
            self._loop.cancel(self._timer)
            self._timer = None
        if late is not None:
            self._timer = self._loop.at(self._loop.system.now() + PATIENCE, late)

    def _fail(self, reason: str) -> None:
        self._patience(None)
        self._stage = IDLE
        job, self._job = self._job, ""
        self._finish(job, FAILED, f"reexec of {self._place}: {reason}; the old program goes on")


def resumed(fd: int, words: list[str]) -> tuple[posts.Post, dict[str, Any]]:
    """In the new program: our post and the state. Nothing but its descriptors came along, and no
    child gets them. Raises carry.Unreadable."""
    post = posts.decode(words)
    state = carry.unpack(fd)
    os.close(fd)
    _inherit(state["fds"], False)
    return post, state


def _inherit(fds: list[int], passes: bool) -> None:
    for fd in fds:
        if fd >= 0:
            os.set_inheritable(fd, passes)


def _said(reader: int) -> str:
    try:
        data = os.read(reader, 65536)
    except BlockingIOError:
        data = b""
    except OSError as error:  # without an answer the command would wait for ever
        data = f"its answer cannot be read: {error}".encode()
    finally:
        os.close(reader)
    return data[-REASON:].decode("utf-8", "replace").strip()
