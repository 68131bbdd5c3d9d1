"""A cgroup v2 node of pm's own, where it can have one: `cgroup.kill` takes all of it at once.

The node is named after HOME, so that the next pm of the same HOME finds what an earlier one may
have left in it, and kills that first. Under systemd only a delegated group is touched: the others
are systemd's. Everything here is best effort: without a node the subtree walk does the work.
"""

from __future__ import annotations

import os
from binascii import crc32

CONTROLLERS = ("cpu", "memory", "pids")  # that limits are made of
AROUND = ".watch"  # ends the name of the leaf that a watchdog may be moved into


def place(home: str) -> str:
    """Make the empty node for this HOME below the group that we are in; "" where that cannot be."""
    base = _base()
    if not base or not ours(base):
        return ""
    path = name(base, home)
    try:
        os.makedirs(path, 0o755, exist_ok=True)
    except OSError:
        return ""
    if kill(path):
        _reset(path)
        return path
    remove(path)
    return ""


def _reset(path: str) -> None:
    """Of an earlier life: while a node hands controllers on, no process can stand in it."""
    for root, _, _ in os.walk(path, topdown=False):
        if root != path:
            remove(root)
    for controller in CONTROLLERS:
        _write(path + "/cgroup.subtree_control", b"-" + controller.encode())


def name(base: str, home: str) -> str:
    """The folder of this HOME below another one."""
    return f"{base}/pm-{crc32(os.fsencode(home)):08x}"


def write(path: str, text: str) -> None:
    """Raises OSError."""
    fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(fd, text.encode("ascii"))
    finally:
        os.close(fd)


def enter(path: str) -> bool:
    """Move this process, and what it will fork, into a node."""
    return _write(f"{path}/cgroup.procs", b"0")


def kill(path: str) -> bool:
    """SIGKILL everything in a node and below. False where the kernel (< 5.14) cannot."""
    return _write(f"{path}/cgroup.kill", b"1")


def remove(path: str) -> None:
    """Take away a node and the empty ones that nested pms left in it."""
    for root, _, _ in os.walk(path, topdown=False):
        try:
            os.rmdir(root)
        except OSError:
            return


def step_back(path: str) -> None:
    """As the watchdog, when its node is gone: out of the leaf beside it, where `hierarchy` may have
    moved it, so that the group above can hold processes again."""
    base, leaf = os.path.dirname(path), path + AROUND
    if not os.path.isdir(leaf) or _folders(base) != [leaf]:
        return
    for controller in CONTROLLERS:
        _write(base + "/cgroup.subtree_control", b"-" + controller.encode())
    if enter(base):
        remove(leaf)


def _folders(path: str) -> list[str]:
    try:
        return [entry.path for entry in os.scandir(path) if entry.is_dir(follow_symlinks=False)]
    except OSError:
        return []


def leave(path: str) -> None:
    """Step out of our own node, as the last one in it, and take it away."""
    if _write(f"{os.path.dirname(path)}/cgroup.procs", b"0"):
        remove(path)


def _write(path: str, data: bytes) -> bool:
    try:
        write(path, data.decode("ascii"))
    except OSError:
        return False
    return True


def _base() -> str:
    """The folder of our own group in the cgroup2 file system, "" when there is none."""
    try:
        with open("/proc/self/mountinfo", encoding="utf-8", errors="replace") as file:
            mounts = [line.split() for line in file if " - cgroup2 " in line]
        with open("/proc/self/cgroup", encoding="utf-8", errors="replace") as file:
            groups = [line[3:].strip() for line in file if line.startswith("0::")]
    except OSError:
        return ""
    if not mounts or not groups:
        return ""
    return mounts[0][4] + groups[0].rstrip("/")


def ours(base: str) -> bool:
    """May we make groups there?"""
    if not os.access(base, os.W_OK):
        return False
    return not os.path.isdir("/run/systemd/system") or _delegated(base)


def _delegated(base: str) -> bool:
    for name in ("trusted.delegate", "user.delegate"):
        try:
            if os.getxattr(base, name) == b"1":
                return True
        except (OSError, AttributeError):
            continue
    return False
