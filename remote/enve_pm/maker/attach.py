"""A bind that is seen by nobody before it has its flags: open_tree(2), mount_setattr(2) and
move_mount(2), which Linux has since 5.12."""

from __future__ import annotations

import ctypes
import errno
import os
import struct

from enve_pm.maker import libc

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

# These numbers are the same on every machine that Linux runs on, but for alpha.
_OPEN_TREE, _MOVE_MOUNT, _MOUNT_SETATTR = 428, 429, 442
_CLONE = 1
_EMPTY_PATH, _RECURSIVE = 0x1000, 0x8000
_FROM_EMPTY, _TO_EMPTY = 4, 0x40
_ATTR = struct.Struct("=QQQQ")  # set, clear, propagation, descriptor of a user namespace
_OLD = (errno.ENOSYS, errno.EPERM)  # EPERM: what a container's filter says of unknown calls

_libc = ctypes.CDLL(None, use_errno=True)


def bind(
    source: int,
    target: int,
    flags: int,
    private: bool = False,
    before: Callable[[int], None] = lambda mount: None,
) -> bool:
    """Show an open file or folder at an open target (both may be O_PATH); see `lay`. False where
    the kernel cannot; raises OSError for all else."""
    copied = copy(source)
    return copied >= 0 and lay(copied, target, flags, private, before)


def copy(source: int) -> int:
    """A mount of its own of what is open, which has to be in our namespace: an open one that nobody
    sees yet. In a user namespace what is mounted in it comes along where the kernel does not let us
    look below. -1 where the kernel cannot; raises OSError for all else."""
    flags = _CLONE | _EMPTY_PATH | os.O_CLOEXEC
    try:
        try:
            return _call(_OPEN_TREE, source, b"", flags)
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
        return _call(_OPEN_TREE, source, b"", flags | _RECURSIVE)
    except OSError as error:
        if error.errno in _OLD:
            return -1
        raise


def lay(copied: int, target: int, flags: int, private: bool, before: Callable[[int], None]) -> bool:
    """Let it be seen at an open target, and close it. `flags`: RDONLY, NOSUID, NODEV, NOEXEC of
    `libc`, which the kernel's attributes have the same bits for. `before` gets it while nobody sees
    it. False where the kernel cannot; raises OSError for all else."""
    try:
        attributes = _ATTR.pack(flags, 0, libc.PRIVATE if private else 0, 0)
        _call(_MOUNT_SETATTR, copied, b"", _EMPTY_PATH | _RECURSIVE, attributes, _ATTR.size)
        before(copied)
        _call(_MOVE_MOUNT, copied, b"", target, b"", _FROM_EMPTY | _TO_EMPTY)
    except OSError as error:
        if error.errno == errno.ENOSYS:
            return False
        raise
    finally:
        os.close(copied)
    return True


def pass_on(root: int, kind: int) -> None:
    """Whether what is mounted and unmounted in an open folder from now on, and in all that is
    mounted in it, is so too for those who follow it (SHARED of `libc`; see `enter.view.follow`), or
    not (PRIVATE). Where there is no `bind` it never is: they would see mounts without flags."""
    try:
        tree = _call(_OPEN_TREE, root, b"", _EMPTY_PATH | os.O_CLOEXEC)
        try:
            attributes = _ATTR.pack(0, 0, kind, 0)
            _call(_MOUNT_SETATTR, tree, b"", _EMPTY_PATH | _RECURSIVE, attributes, _ATTR.size)
        finally:
            os.close(tree)
    except OSError as error:
        if error.errno not in _OLD:
            raise


def _call(number: int, *words: int | bytes) -> int:
    sent = [ctypes.c_long(word) if isinstance(word, int) else word for word in words]
    result = int(_libc.syscall(ctypes.c_long(number), *sent))
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result
