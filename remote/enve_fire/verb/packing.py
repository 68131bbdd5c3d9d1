"""`_pack`: within a session in which files can be given away. The order comes on stdin, the archive
goes to stdout."""

from __future__ import annotations

import sys

from enve_fire.core.trouble import USAGE, Trouble
from enve_fire.pack.staged import Order, pack
from enve_pm.core.canonical import loads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def main(words: Sequence[str]) -> int:
    """An Order on stdin, the package on stdout: the child of `pack.session`. Raises Trouble."""
    if words:
        raise Trouble(USAGE, "_pack takes no words")
    pack(Order.read(loads(sys.stdin.buffer.read())), sys.stdout.buffer)
    sys.stdout.buffer.flush()
    return 0
