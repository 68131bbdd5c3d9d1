"""A process between us and a command that ends all of it, whatever becomes of us.

It takes in every descendant that loses its parent. It ends them when the command has ended, or
when its lifeline closes: we closed it, or died, by whatever signal.
"""

from __future__ import annotations

import os

from enve_fire.stage.environment import UMASK
from enve_pm.core.lean import namedtuple
from enve_pm.shell.guard import subtree

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Started = tuple[Sequence[str], Mapping[str, str]]  # words, environment

GRACE = 2.0  # seconds from TERM to KILL
DEADLINE = 10.0  # seconds to get rid of what is left
NOT_STARTED = 126  # status of a command that could not begin; why stands in its output


class How(namedtuple("How", "argv env cwd output enter")):
    """`output`: where standard output and error go · `enter`: runs in the process that becomes the
    command, and says what is to be executed for these words and environment."""

    __slots__ = ()

    if TYPE_CHECKING:
        argv: Sequence[str]
        env: Mapping[str, str]
        cwd: str
        output: int
        enter: Callable[[Sequence[str], Mapping[str, str]], Started]


def start(how: How) -> tuple[int, int]:
    """(pid of the keeper, the lifeline: closed, all is ended). The keeper's exit status is the
    command's, 128 + N after signal N."""
    lifeline, ours = os.pipe()
    pid = os.fork()
    if pid:
        os.close(lifeline)
        return pid, ours
    status = NOT_STARTED
    try:
        os.close(ours)
        status = _keep(lifeline, how)
    finally:
        os._exit(status)


def _keep(lifeline: int, how: How) -> int:
    import select
    import signal

    os.setsid()  # what the terminal sends goes to us alone
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    subtree.become_subreaper()
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake)
    child = os.fork()
    if child == 0:
        _become(how)
    os.close(how.output)
    status = None
    while status is None:
        ready, _, _ = select.select([lifeline, woken], [], [])
        if lifeline in ready:
            subtree.end_all(GRACE, DEADLINE)
            status = 128 + signal.SIGTERM
        else:
            os.read(woken, 512)
            status = _ended(child)
    subtree.kill_all(DEADLINE)
    _kill_group(child)
    return status


def _kill_group(group: int) -> None:
    """Where the kernel does not tell who the children of a process are."""
    import signal

    if os.path.exists("/proc/self/task/%d/children" % os.getpid()):
        return
    try:
        os.killpg(group, signal.SIGKILL)
    except OSError:
        pass


def _ended(child: int) -> int | None:
    """Reaps all that have ended; the status of the command if it is among them."""
    found = None
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return found
        if pid == 0:
            return found
        if pid == child:
            found = exit_status(status)


def exit_status(status: int) -> int:
    """Of what `waitpid` says, as a shell counts."""
    if os.WIFSIGNALED(status):
        return 128 + os.WTERMSIG(status)
    return os.WEXITSTATUS(status)


def _become(how: How) -> None:
    """Never returns."""
    import signal

    try:
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE):
            signal.signal(number, signal.SIG_DFL)
        os.setsid()
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(how.output, 1)
        os.dup2(how.output, 2)
        only_standard()
        os.umask(UMASK)
        argv, env = how.enter(how.argv, how.env)
        os.chdir(how.cwd)
        os.execve(argv[0], list(argv), env)
    except BaseException as error:
        os.write(2, ("enve: %s cannot begin: %s\n" % (how.argv[0], error)).encode())
    finally:
        os._exit(NOT_STARTED)


def only_standard() -> None:
    """All descriptors but the standard ones are closed: who called us may have left some open, and
    they lead out of any walls."""
    try:
        numbers = [int(name) for name in os.listdir("/proc/self/fd")]
    except OSError:  # no Linux
        os.closerange(3, os.sysconf("SC_OPEN_MAX"))
        return
    for number in numbers:
        if number > 2:
            os.closerange(number, number + 1)
