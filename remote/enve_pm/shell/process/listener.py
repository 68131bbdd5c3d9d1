"""Sockets that listen, made for somebody else.

A path is made with the rights of whom it is for: the kernel judges each step to it as if he did it
himself. A socket that nobody listens on any more is taken away first.
"""

from __future__ import annotations

import errno
import os
import stat

from enve_pm.core import listening, target
from enve_pm.shell.events.light import socket

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from enve_pm.shell.events.system import System, Whom

BACKLOG = 4096  # the kernel has a limit of its own
MODE = 0o660
LONGEST = 107  # bytes of a socket's path


def listen(system: System, one: Mapping[str, Any], folder: str, whom: Whom | None) -> int:
    """The descriptor of a socket that listens as the line says; `folder`: where relative paths
    start. Raises OSError."""
    inet = listening.is_inet(one["listen"])
    kind = socket.SOCK_DGRAM if one.get("type") == listening.DATAGRAM else socket.SOCK_STREAM
    family = socket.AF_UNIX
    if inet:
        where = target.address(one["listen"])
        family = socket.AF_INET6 if ":" in where.host else socket.AF_INET
    made = socket.socket(family, kind)
    try:
        if inet:
            _at_port(made, family, (where.host, where.port))
        else:
            path = os.path.join(folder, one["listen"])
            system.acting(whom, lambda: _at_path(made, path, one.get("mode", MODE)))
        if kind == socket.SOCK_STREAM:
            made.listen(one.get("backlog", BACKLOG))
        return int(made.detach())
    except BaseException:
        made.close()
        raise


def _at_port(made: socket.socket, family: int, where: tuple[str, int]) -> None:
    if made.type == socket.SOCK_STREAM:  # of datagrams the second one would get all
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    made.bind(where)


def _at_path(made: socket.socket, path: str, mode: int) -> None:
    if len(os.fsencode(path)) > LONGEST:
        raise OSError(errno.ENAMETOOLONG, "a socket's path has at most %d bytes" % LONGEST)
    if _is_left(path, made.type):
        os.unlink(path)
    before = os.umask(0o777 & ~mode)
    try:
        made.bind(path)
    finally:
        os.umask(before)


def _is_left(path: str, kind: int) -> bool:
    """A socket stands there that nobody listens on."""
    try:
        if not stat.S_ISSOCK(os.lstat(path).st_mode):
            return False
    except FileNotFoundError:
        return False
    probe = socket.socket(socket.AF_UNIX, kind)
    probe.setblocking(False)
    try:
        probe.connect(path)
    except ConnectionRefusedError:
        return True
    except OSError:
        return False
    finally:
        probe.close()
    return False


def forget(system: System, path: str, whom: Whom | None) -> None:
    """Take a socket's path away; somebody may have done so already."""

    def unlink() -> None:
        try:
            if stat.S_ISSOCK(os.lstat(path).st_mode):
                os.unlink(path)
        except OSError:
            pass

    system.acting(whom, unlink)
