"""A process of pm's own that works beside it, told of things through a socket."""

from __future__ import annotations

from enve_pm.shell.events.light import socket
from enve_pm.shell.guard import program
from enve_pm.shell.process.spawn import SpawnError, helper

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from enve_pm.shell.events.loop import Loop


def beside(
    loop: Loop, argv: Sequence[str], channel: int, died: Callable[[int], None]
) -> tuple[int, socket.socket] | None:
    """Start it: its pid, and our end of the socket that it has under the number `channel`. None
    where no process or descriptor is left: those who need it must not wait for ever."""
    try:
        ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    except OSError:
        return None
    ours.setblocking(False)
    try:
        return helper(loop, program.still(argv), {2: 2, channel: its.fileno()}, died), ours
    except SpawnError:
        ours.close()
        return None
    finally:
        its.close()
