"""A view becomes /: all that a command behind walls sees is laid on an empty root.

What is shown is held by descriptors before anything covers it, and is put where the new root has
nothing but our own folders: no link leads anywhere else.
"""

from __future__ import annotations

import errno
import os
import stat

from enve_fire.stage.walls.view import EMPTY, TMP
from enve_pm.enter import kernel
from enve_pm.maker import libc

TYPE_CHECKING = False
if TYPE_CHECKING:
    from enve_fire.stage.walls.view import View

BASE = "/tmp"  # noqa: S108  (a folder that every system has; covered, and seen by nobody else)
DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
LINKS = (
    *(("/proc/self/fd", "fd"), ("/proc/self/fd/0", "stdin"), ("/proc/self/fd/1", "stdout")),
    *(("/proc/self/fd/2", "stderr"), ("pts/ptmx", "ptmx")),
)
_SAFE = kernel.ATTR_NOSUID | kernel.ATTR_NODEV
_FIXED = kernel.ATTR_RDONLY | _SAFE
_PATH = os.O_PATH | os.O_CLOEXEC


def lay(view: View) -> None:
    """Needs a mount namespace of our own, and is pid 1 of one of pids. Raises OSError."""
    libc.mount("none", "/", "", libc.REC | libc.PRIVATE)
    devices = [(os.open("/dev/" + name, _PATH), "/dev/" + name) for name in DEVICES]
    shown, seen, writable = (
        [(os.open(path, _PATH), path) for path in paths]
        for paths in (view.shown, view.seen, view.writable)
    )
    _tmpfs(BASE, 0o755)
    for path in EMPTY:
        os.mkdir(BASE + path, 0o755)
    _lay_own(devices)
    _show(shown, _FIXED)
    for text, path in view.links:
        os.symlink(text, BASE + path)
    _show(seen, _FIXED)
    _show(writable, _SAFE)
    _become_root()


def _tmpfs(path: str, mode: int) -> None:
    libc.mount("tmpfs", path, "tmpfs", libc.NOSUID | libc.NODEV, "mode=%o" % mode)


def _lay_own(devices: list[tuple[int, str]]) -> None:
    """/proc, /dev and /tmp. Nobody writes to /proc: its owner may, with no other right."""
    for name in ("/proc", "/dev", TMP):
        os.mkdir(BASE + name, 0o755)
    fixed = libc.NOSUID | libc.NODEV | libc.NOEXEC | libc.RDONLY
    libc.mount("proc", BASE + "/proc", "proc", fixed)
    _tmpfs(BASE + TMP, 0o1777)
    _tmpfs(BASE + "/dev", 0o755)
    _show(devices, kernel.ATTR_NOSUID)
    for text, name in LINKS:
        os.symlink(text, "%s/dev/%s" % (BASE, name))
    os.mkdir(BASE + "/dev/pts")
    terminals = "newinstance,ptmxmode=0666,mode=620"
    libc.mount("devpts", BASE + "/dev/pts", "devpts", libc.NOSUID | libc.NOEXEC, terminals)
    memory = "%s/dev/%s" % (BASE, "shm")
    os.mkdir(memory)
    _tmpfs(memory, 0o1777)


def _show(held: list[tuple[int, str]], attributes: int) -> None:
    for handle, path in held:
        _make_place(BASE + path, stat.S_ISDIR(os.fstat(handle).st_mode))
        libc.mount("/proc/self/fd/%d" % handle, BASE + path, "", libc.BIND | libc.REC)
        _restrict(BASE + path, attributes, True)
        os.close(handle)


def _make_place(path: str, is_folder: bool) -> None:
    os.makedirs(path if is_folder else os.path.dirname(path), 0o755, exist_ok=True)
    if not is_folder:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644))


def _restrict(path: str, attributes: int, recursive: bool) -> None:
    handle = os.open(path, _PATH | os.O_NOFOLLOW)
    try:
        kernel.restrict(handle, attributes, recursive)
    finally:
        os.close(handle)


def _become_root() -> None:
    _restrict(BASE, kernel.ATTR_RDONLY, False)
    handle = os.open(BASE, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        if not kernel.pivot(handle):
            raise OSError(errno.EINVAL, "the kernel's first root cannot be left", "/")
    finally:
        os.close(handle)
