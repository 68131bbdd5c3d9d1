"""The order of a process that goes through `_enter`, from pm to that child: plain values, through a
file that has no name, in marshal's format 4 (the child is the same program)."""

from __future__ import annotations

import marshal
import os

from enve_pm.shell.state.handle import nameless, read_all, write_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from enve_pm.shell.events.system import Whom
    from enve_pm.shell.process.spawn import Order

FORMAT = 4
LARGEST = 4 << 20  # bytes


class Orders:
    """As `_enter` reads it. `whom`: (uid, gid, groups), or None when pm is that already.

    `room`, all but `spot` only where it is asked for:
        spot                 the directory that stays where it is, and writable, whatever covers it
        groups               [folder] of cgroups to be in
        join                 [pid, start in ticks]: the room of that process
        inside, join_users   with it, where they are true: its pids too; its users too, as root
        network              path of a network namespace, or `none` for a new one
        namespaces           new ones: ipc mount pid uts; hostname: its name
        users                of a jail: its user 0, as this machine numbers him
        root                 path of a folder to be /, on which something is mounted
        home, shown          of a sub-pm: the HOME around it, of which it sees only these: [path,
                             whether it is read-only]
        private_tmp, read_only, writable, hidden      as in a unit's line (`core.room`)
        capabilities, no_new_privs, oom_score_adj     likewise
        closed               no_new_privs for everybody but root
        sockets              LISTEN_PID is wanted
        terminal             0 is to be its terminal
    """

    __slots__ = ("argv", "cwd", "env", "nice", "rlimits", "room", "umask", "whom")

    if TYPE_CHECKING:
        argv: Sequence[str]
        cwd: str
        env: Mapping[str, str]
        nice: int
        rlimits: Mapping[str, int]
        room: Mapping[str, Any]
        umask: int
        whom: tuple[int, int, Sequence[int]] | None


def write(order: Order, whom: Whom | None) -> int:
    """A descriptor that holds it, closed on exec. Raises OSError."""
    value = {name: getattr(order, name) for name in Orders.__slots__ if name != "whom"}
    value.update(argv=list(order.argv), rlimits=dict(order.rlimits), room=_plain(order.room))
    value["whom"] = None if whom is None else (whom.uid, whom.gid, list(whom.groups))
    handle = nameless("/tmp")  # noqa: S108  (made anew and never followed)
    try:
        write_all(handle, marshal.dumps(value, FORMAT))
        os.lseek(handle, 0, os.SEEK_SET)
    except BaseException:
        os.close(handle)
        raise
    return handle


def read(handle: int) -> Orders:
    """What `write` wrote."""
    value = marshal.loads(read_all(handle, LARGEST))  # noqa: S302  (pm alone could write to it)
    orders = Orders()
    for name in Orders.__slots__:
        setattr(orders, name, value[name])
    return orders


def _plain(room: Mapping[str, Any]) -> dict[str, Any]:
    """Lists of a line may be of any kind of sequence."""
    return {key: list(one) if isinstance(one, tuple) else one for key, one in room.items()}
