"""`_enter ORDER TELL`: two descriptors. What cannot be done is told as `stop REASON`; `pid N` says
that another process goes on. Nothing is told of a success: the second descriptor closes with the
execution of the command."""

from __future__ import annotations

import os

from enve_pm.enter import order
from enve_pm.enter.passage import Passage, Stop

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

FAILED = 125


def main(arguments: Sequence[str]) -> int:
    """Returns only when the command was not executed."""
    source, tell = map(int, arguments)
    os.set_inheritable(tell, False)

    def fork() -> None:
        pid = os.fork()
        if pid:
            _tell(tell, "pid %d" % pid)
            os._exit(0)
        os.setsid()

    try:
        orders = order.read(source)
        os.close(source)
        Passage(orders, fork).go()
    except Stop as stop:
        reason = str(stop)
    except Exception as error:  # a mistake of ours is told like any other reason
        reason = "enter:%s: %s" % (type(error).__name__, error)
    _tell(tell, "stop " + reason)
    return FAILED


def _tell(handle: int, text: str) -> None:
    os.write(handle, (text.replace("\n", " ")[:2000] + "\n").encode("utf-8", "replace"))
