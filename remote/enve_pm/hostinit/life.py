"""The pm of a HOME as seen from outside: is it alive, which program it runs, commands to it."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import stat
import time

from enve_pm.core import address
from enve_pm.core.filename import unquote
from enve_pm.core.lean import namedtuple
from enve_pm.hostinit import files
from enve_pm.hostinit.problem import Problem
from enve_pm.shell.events.system import System
from enve_pm.wire import command, nested

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Iterator

STATUS_SIZE = 16 << 20
START_DEADLINE = 30.0  # seconds for pm to show that it is there
COMMAND_DEADLINE = 30.0
STOP_DEADLINE = 90.0  # units have stop timeouts of their own
KILL_DEADLINE = 15.0
PIPE_DEADLINE = 40.0  # a beat of pm's heart, and some
EVERY = 0.02

Nested = namedtuple("Nested", "name alive program")  # a sub-pm, as last seen


def program(home: str, system: System) -> str:
    """The hash of the program that runs there, "" when pm is not alive."""
    return str(_living(home, system).get("hash", ""))


def interpreter(home: str, system: System) -> str:
    """The file that the pm of HOME runs, "" when that can't be told. One that an upgrade has
    replaced has another name."""
    try:
        return os.readlink("/proc/%d/exe" % _living(home, system).get("pid", 0))
    except (OSError, TypeError):
        return ""


def alive(home: str) -> bool:
    """Whether pm has said that it is there."""
    return bool(_living(home, System()))


def _living(home: str, system: System) -> dict[str, Any]:
    """What the pm of HOME shows; nothing when it is not alive."""
    try:
        status = nested.loads(files.read(home + "/public/status.json", STATUS_SIZE) or b"{}")
        pid, start, boot = nested.number(status["pid"]), status["start"], status["boot"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return {}  # also where a login has written it for root to read
    found = system.stat(pid)
    runs = found is not None and found.state not in "ZX" and found.start == start
    return dict(status) if runs and boot == system.boot() else {}


def nested_programs(home: str) -> set[str]:
    """The hashes of what the sub-pms below run, as last seen: they follow a change of program by
    themselves, a moment later."""
    return {one.program for one in _nested(home)}


def behind(home: str, wanted: str) -> list[str]:
    """The living sub-pms, by their addresses, that run another program than this one."""
    return [one.name for one in _nested(home) if one.alive and one.program != wanted]


def _nested(home: str) -> Iterator[Nested]:
    folder = home + "/public/sub"
    for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
        try:
            shown = nested.loads(files.read(folder + "/" + name, STATUS_SIZE) or b"{}")
            yield from _below((unquote(name[: -len(".json")]),), shown, True)
        except (OSError, ValueError, RecursionError):
            continue


def _below(path: tuple[str, ...], shown: Any, alive: bool) -> Iterator[Nested]:
    if not isinstance(shown, dict):
        return
    alive = alive and shown.get("alive") is True
    status, inside = shown.get("status"), shown.get("sub")
    if isinstance(status, dict) and "hash" in status:
        yield Nested(address.format(path), alive, str(status["hash"]))
    for name, inner in inside.items() if isinstance(inside, dict) else ():
        yield from _below((*path, str(name)), inner, alive)


def await_program(home: str, name: str, system: System, deadline: float = START_DEADLINE) -> bool:
    """Wait until the pm of HOME runs the program `name`."""
    return wait(lambda: program(home, system) == name, deadline)


def wait(done: Callable[[], bool], deadline: float) -> bool:
    """Look again and again until it is so; False when it is not within `deadline` seconds."""
    end = time.monotonic() + deadline
    while not done():
        if time.monotonic() > end:
            return False
        time.sleep(EVERY)
    return True


def order(home: str, verb: str, *arguments: str) -> tuple[int, str]:
    """Write a command into the owner's pipe and wait for its end: retcode and message.
    Raises Problem when nobody reads the pipe, or no end comes."""
    job = "deploy-%d-%s" % (os.getpid(), os.urandom(4).hex())
    _write(home + "/input", command.encode(job, verb, arguments))
    folder = "%s/jobs/%s" % (home, job)
    if not wait(lambda: bool(files.read(folder + "/retcode")), COMMAND_DEADLINE):
        raise Problem("pm did not answer `%s` within %d s" % (verb, COMMAND_DEADLINE))
    said = files.read(folder + "/message", 4096).decode("utf-8", "replace").strip()
    text = files.read(folder + "/retcode", 32).strip()
    return (int(text) if text.isdigit() else 1), said


def listens(pipe: str) -> bool:
    """Does somebody read this pipe?"""
    try:
        handle = _open(pipe)
    except OSError:
        return False
    try:
        return stat.S_ISFIFO(os.fstat(handle).st_mode)
    finally:
        os.close(handle)


def _open(pipe: str) -> int:
    return os.open(pipe, os.O_WRONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)


def _write(pipe: str, line: bytes) -> None:
    # pm that lives puts a pipe that is gone back at its next beat
    wait(lambda: listens(pipe) or not holder(os.path.dirname(pipe)), PIPE_DEADLINE)
    try:
        handle = _open(pipe)
    except OSError as error:
        down = error.errno in (errno.ENXIO, errno.ENOENT)
        told = "pm is not running" if down else error.strerror
        raise Problem("%s: %s" % (pipe, told)) from None
    try:
        if not stat.S_ISFIFO(os.fstat(handle).st_mode):
            raise Problem(pipe + " is not a fifo", "remove it, then deploy again")
        os.write(handle, line)
    except BlockingIOError:
        raise Problem(pipe + " is full: pm does not read it") from None
    finally:
        os.close(handle)


def stop(home: str) -> bool:
    """End pm and all that keeps it alive: in order, then by force. False when it was not there.
    An init may have the next one there as soon as this one is gone."""
    pid = holder(home)
    if not pid:
        return False
    if _shut_down(home, pid):
        return True
    for number, deadline in ((signal.SIGTERM, STOP_DEADLINE), (signal.SIGKILL, KILL_DEADLINE)):
        _signal(pid, number)
        if wait(lambda: holder(home) != pid, deadline):
            return True
    raise Problem("pm (pid %d) does not end" % pid, "look at it on the node")


def _shut_down(home: str, pid: int) -> bool:
    """Ask pm to end; False when nobody listens, or it does not."""
    try:
        code, _ = order(home, "shutdown")
    except Problem:
        return holder(home) != pid
    return code == 0 and wait(lambda: holder(home) != pid, STOP_DEADLINE)


def holder(home: str) -> int:
    """The pid that holds HOME's lock (0: nobody does), 1 when it does not say who it is."""
    try:
        handle = os.open(home + "/lock", os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return 0
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)  # others who look have it too
    except BlockingIOError:
        text = os.pread(handle, 20, 0).strip()
        return int(text) if text.isdigit() else 1
    finally:
        os.close(handle)
    return 0


def _signal(pid: int, number: int) -> None:
    if pid > 1:
        try:
            os.kill(pid, number)
        except OSError:
            pass
