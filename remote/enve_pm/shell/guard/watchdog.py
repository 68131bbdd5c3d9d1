"""The watchdog: forked first, small, and there for one thing: when pm dies or hangs, everything
below it dies too, and only then the watchdog.

It holds what must outlive pm's program: both pipes, the lock of HOME, its own end of the
heartbeat (see `post`).
"""

from __future__ import annotations

import os
import select
import time

from enve_pm.shell.complain import complain
from enve_pm.shell.events import pipes
from enve_pm.shell.events.light import signal
from enve_pm.shell.guard import heartbeat, lock, program, subtree
from enve_pm.shell.guard.post import EMPTY, ENDS, Post, decode, encode, inherit
from enve_pm.shell.process import cgroup

DEADLINE = 10.0  # seconds to get rid of everything; what is left then cannot be killed
HUNG = 124  # exit status after a hang


def prepare(
    home: str, pipe: str = "", lock_fd: int = -1, input_fd: int = -1, ready: int = -1
) -> Post:
    """Take the lock and open the pipes. Raises lock.Held, pipes.NoFifo, OSError."""
    if lock_fd < 0:
        lock_fd = lock.take(home)
    for fd in (lock_fd, input_fd, ready):
        if fd >= 0:
            os.set_inheritable(fd, False)
    input_fd = pipes.open_input(home) if input_fd < 0 else input_fd
    streams = pipes.open_streams(pipe) if pipe else -1
    return EMPTY._replace(
        home=home, lock=lock_fd, input=input_fd, pipe=streams, ready=ready, path=pipe
    )


def split(post: Post, groups: bool = True) -> Post:
    """Fork: returns twice, in the watchdog with pm's pid, in pm with pid 0, each with its side."""
    subtree.become_subreaper()
    group = cgroup.place(post.home) if groups else ""
    down, up = os.pipe(), os.pipe()
    pid = os.fork()
    if pid:
        os.close(down[0])
        os.close(up[1])
        return post._replace(pid=pid, reader=up[0], writer=down[1], cgroup=group)
    os.close(down[1])
    os.close(up[0])
    if post.ready >= 0:
        os.close(post.ready)
    if group:
        cgroup.enter(group)
    subtree.become_subreaper()
    return post._replace(reader=down[0], writer=up[1], ready=-1, cgroup=group)


def guard(post: Post) -> int:
    """Watch pm until it ends, then end all that it left. Returns the exit status for the watchdog:
    pm's own, 128 + signal, or 124 after a hang."""
    watch = _Watch(post)
    status = watch.until_end()
    began = time.monotonic()
    if post.cgroup:
        cgroup.kill(post.cgroup)
    left = subtree.kill_all(DEADLINE)
    if status:
        _report(post, status, left, time.monotonic() - began)
    if post.cgroup:
        cgroup.remove(post.cgroup)
        cgroup.step_back(post.cgroup)
    _sweep(post.home)
    return status


def _sweep(home: str) -> None:
    """Groups with limits, which pm takes away itself unless it dies."""
    try:
        from enve_pm.shell.process import hierarchy

        hierarchy.sweep(home)
    except Exception as error:  # another program may stand in our place by now
        complain(f"pm: groups of {home}: {error}")


def _report(post: Post, status: int, left: list[int], seconds: float) -> None:
    cause = "hung" if status == HUNG else f"ended with {status}"
    text = f"pm {post.pid} of {post.home} {cause}; all below it killed in {seconds * 1000:.0f} ms"
    if left:
        text += f"; could not be killed: {' '.join(map(str, left[:20]))}"
    complain(text)


class _Watch:
    """The wait for pm's end: its exit, its silence, or word that it wants us replaced."""

    def __init__(self, post: Post) -> None:
        self.post = post
        self.wire = heartbeat.Wire(post.reader, post.writer)
        self.pulse = heartbeat.Pulse(post.every, post.patience, time.monotonic())
        self.ready = post.ready
        self.wake, wake_writer = os.pipe()
        os.set_blocking(self.wake, False)
        os.set_blocking(wake_writer, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wake_writer, warn_on_full_buffer=False)
        for number in ENDS:
            signal.signal(number, self._forward)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDS)

    def _forward(self, *_: object) -> None:
        """An end that is asked of the watchdog is pm's to make: in order, by its own deadlines."""
        subtree.send([self.post.pid], signal.SIGTERM)

    def until_end(self) -> int:
        poll = select.poll()
        poll.register(self.wake, select.POLLIN)
        poll.register(self.wire, select.POLLIN)
        while True:
            now = time.monotonic()
            if self.pulse.hung(now):
                return self._kill(HUNG)
            if self.pulse.due(now):
                self.wire.say(heartbeat.PING)
            for fd, _ in poll.poll(int(self.pulse.wait(now) * 1000) + 1):
                if fd == self.wire.reader and not self._listen():
                    poll.unregister(self.wire)
            self._drain()
            status = self._ended()
            if status is not None:
                return status

    def _drain(self) -> None:
        try:
            os.read(self.wake, 4096)
        except BlockingIOError:
            pass

    def _listen(self) -> bool:
        messages = self.wire.hear()
        for word, rest in messages or ():
            if word == heartbeat.BEAT:
                self.pulse.beat(time.monotonic())
                self._tell_ready()
            elif word == heartbeat.REEXEC:
                self._reexec(rest)
            elif word == heartbeat.REOPEN:
                _hold(self.post, rest)
        return messages is not None

    def _tell_ready(self) -> None:
        """The first answer: whoever started us may go."""
        if self.ready >= 0:
            try:
                os.write(self.ready, b"ready\n")
            except OSError:
                pass  # he has not waited so long
            os.close(self.ready)
            self.ready = -1

    def _ended(self) -> int | None:
        """The exit status of pm if it has ended; other children are only collected."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return 128 + signal.SIGKILL  # pm is not ours any more: somebody else reaped it
            if pid == 0:
                return None
            if pid == self.post.pid:
                return _code(status)

    def _kill(self, code: int) -> int:
        subtree.send([self.post.pid], signal.SIGKILL)
        return code

    def _reexec(self, place: str) -> None:
        try:
            become(self.post._replace(ready=self.ready), place)
        except OSError as error:
            self.wire.say(heartbeat.FAILED, str(error))


def _hold(post: Post, which: str) -> None:
    """pm has put a pipe back: hold that one. If it is gone again, pm will say so again."""
    _, fd = pipes.place(which, post)
    try:
        new = pipes.open_one(which, post)
    except (pipes.NoFifo, OSError):
        return
    os.dup2(new, fd, inheritable=False)
    os.close(new)


def _code(status: int) -> int:
    return os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)


def become(post: Post, place: str) -> None:
    """Replace this process by the watchdog of another program. Returns only by OSError."""
    argv = program.successor(place, "_watchdog", *encode(post))
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDS)
    try:
        inherit(post, True)
        os.execv(argv[0], argv)
    finally:
        inherit(post, False)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDS)


def resume(arguments: list[str]) -> int:
    """Go on as the watchdog that another program was a moment ago."""
    post = decode(arguments)
    inherit(post, False)
    heartbeat.Wire(post.reader, post.writer).say(heartbeat.READY)
    return guard(post)
