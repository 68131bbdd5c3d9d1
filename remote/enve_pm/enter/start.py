"""pm's side: `_enter` is started in place of the command."""

from __future__ import annotations

import os

from enve_pm.enter import order as orders
from enve_pm.shell.guard import program
from enve_pm.shell.process.descend import MARKER
from enve_pm.shell.process.spawn import SpawnError, base_env, code_name, whom

TYPE_CHECKING = False
if TYPE_CHECKING:
    from enve_pm.shell.events.loop import Loop
    from enve_pm.shell.process.spawn import Order


def start(loop: Loop, order: Order) -> tuple[int, int]:
    """The pid, and a descriptor that says how far it got. Raises SpawnError."""
    try:
        return _told(loop, order)
    except OSError as error:
        raise SpawnError("enter:" + code_name(error)) from None


def _told(loop: Loop, order: Order) -> tuple[int, int]:
    reader, writer = os.pipe()
    try:
        os.set_blocking(reader, False)
        return _start(loop, order, writer), reader
    except BaseException:
        os.close(reader)
        raise
    finally:
        os.close(writer)


def _start(loop: Loop, order: Order, writer: int) -> int:
    user = whom(order.user, order.group)
    if "users" not in order.room:
        order.uid = os.geteuid() if user is None else user.uid
    its = orders.write(order, user)
    free = [number for number in range(3, 5 + len(order.fds)) if number not in order.fds]
    try:
        argv = program.argv(program.here(), "_enter", str(free[0]), str(free[1]))
        env = {**base_env(), MARKER: order.env.get(MARKER, "")}
        return loop.system.spawn(argv, env, {**order.fds, free[0]: its, free[1]: writer})
    finally:
        os.close(its)
