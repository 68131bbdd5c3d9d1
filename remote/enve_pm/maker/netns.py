"""Named network namespaces, as `ip netns` keeps them: /run/netns/NAME, on which one is mounted."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import time

from enve_pm.core.network import NETNS
from enve_pm.maker import libc, trusted
from enve_pm.maker.place import Trouble

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Callable

    from enve_pm.maker.place import Place

OWN = "/proc/self/ns/net"
_GET_TYPE = 0xB703  # NS_GET_NSTYPE of ioctl_ns(2)
_FLAGS = os.O_NOFOLLOW | os.O_CLOEXEC
_PATIENCE = 5.0  # seconds; whoever may look into the folder may hold its lock
_PAUSE = 0.02


class Inside:
    """A `with` block in a namespace, an open file; it stays open."""

    def __init__(self, namespace: int) -> None:
        self._namespace = namespace
        self._back = os.open(OWN, os.O_RDONLY | os.O_CLOEXEC)

    def __enter__(self) -> Inside:
        libc.setns(self._namespace, libc.NEWNET)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        libc.setns(self._back, libc.NEWNET)
        os.close(self._back)


def own() -> int:
    """The namespace that this process is in, as an open file."""
    return os.open(OWN, os.O_RDONLY | os.O_CLOEXEC)


def find(place: Place, name: str) -> int:
    """The namespace of that name, as an open file; -1: there is none."""
    try:
        folder = place.open(NETNS)
    except FileNotFoundError:
        return -1
    try:
        handle = os.open(name, os.O_RDONLY | os.O_NONBLOCK | _FLAGS, dir_fd=folder)
    except FileNotFoundError:
        return -1
    finally:
        os.close(folder)
    if _is_network(handle):
        return handle
    os.close(handle)
    return -1


def create(place: Place, name: str, begin: Callable[[], None]) -> None:
    """`begin` is called in the new namespace, before anybody else can see it. Raises Trouble,
    OSError."""
    lock = _locked(place.open(NETNS, make=True))
    try:
        _create(_shared(place), name, begin)
    finally:
        os.close(lock)


def _create(folder: int, name: str, begin: Callable[[], None]) -> None:
    back = own()
    try:
        target = _file(folder, name)
        try:
            libc.unshare(libc.NEWNET)
            begin()
            libc.mount(OWN, trusted.name(target), "", libc.BIND)
        finally:
            libc.setns(back, libc.NEWNET)
            os.close(target)
    finally:
        os.close(back)
        os.close(folder)


def remove(place: Place, name: str, mounted: bool) -> None:
    """Take the name away, and what is `mounted` there: it ends with the last one who is in it."""
    try:
        folder = place.open(NETNS)
    except FileNotFoundError:
        return
    try:
        os.fchdir(folder)
        if mounted:
            libc.unmount(name, libc.NOFOLLOW | libc.DETACH)
        state = os.stat(name, follow_symlinks=False)
        if stat.S_ISREG(state.st_mode) and not state.st_size:
            os.unlink(name)
    except FileNotFoundError:
        pass
    finally:
        os.chdir("/")
        os.close(folder)


def _is_network(handle: int) -> bool:
    try:
        return fcntl.ioctl(handle, _GET_TYPE) == libc.NEWNET
    except OSError:
        return False


def _file(folder: int, name: str) -> int:
    """What the namespace is mounted on: an empty file. One may be left of a pm that died."""
    try:
        flags = os.O_RDONLY | os.O_CREAT | os.O_EXCL | _FLAGS
        return os.open(name, flags, 0o444, dir_fd=folder)
    except FileExistsError:
        handle = os.open(name, os.O_PATH | _FLAGS, dir_fd=folder)
    state = os.fstat(handle)
    if not stat.S_ISREG(state.st_mode) or state.st_size:
        os.close(handle)
        raise Trouble("%s/%s is no namespace, and no empty file" % (NETNS, name))
    return handle


def _locked(path: int) -> int:
    """The folder, for us alone: the first who makes a namespace mounts over it, and nobody else is
    to make one below that. The lock is the one that `ip netns` takes."""
    try:
        folder = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=path)
    finally:
        os.close(path)
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_PAUSE)
        else:
            break
    return folder


def _shared(place: Place) -> int:
    """The folder of all names. As `ip netns` does, a mount that others share: namespaces come and
    go in all places where it is seen."""
    folder = place.open(NETNS, make=True)
    try:
        libc.mount("", trusted.name(folder), "", libc.SHARED)
    except OSError as error:
        if error.errno != errno.EINVAL:
            os.close(folder)
            raise
    else:
        return folder
    try:
        libc.mount(trusted.name(folder), trusted.name(folder), "", libc.BIND | libc.REC)
    finally:
        os.close(folder)
    folder = place.open(NETNS)
    libc.mount("", trusted.name(folder), "", libc.SHARED)
    return folder
