"""State from one program of pm to the next, through a descriptor that has no name.

    {"v": version of this envelope's content, "job": who asked, "pm": what the old program is,
     "fds": the descriptors that came along}

marshal in its format 4, which every Python from 3.4 on reads, of plain values only: it is written
and read by pm itself, and costs a millisecond where JSON in Python costs fifty.
"""

from __future__ import annotations

import marshal
import os

from enve_pm.shell.state.handle import nameless, write_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

VERSION = 1
READS = (1,)  # this one and the two before
FORMAT = 4
LARGEST = 256 << 20  # bytes


class Unreadable(Exception):
    """A state that this program cannot go on with; the text says why."""


def pack(home: str, state: dict[str, Any]) -> int:
    """A descriptor, closed on exec, that holds the state."""
    fd = nameless(home)
    try:
        write_all(fd, marshal.dumps({**state, "v": VERSION}, FORMAT))
    except BaseException:
        os.close(fd)
        raise
    return fd


def unpack(fd: int) -> dict[str, Any]:
    """The state that a descriptor holds. Raises Unreadable."""
    try:
        size = os.fstat(fd).st_size
        data = _read(fd, size) if size <= LARGEST else b""
        state = marshal.loads(data)  # noqa: S302  (nobody but pm can write to this descriptor)
    except (ValueError, EOFError, TypeError, OSError) as error:
        raise Unreadable(f"the state cannot be read: {error}") from None
    if not isinstance(state, dict):
        raise Unreadable("the state is no mapping")
    if state.get("v") not in READS:
        known = " ".join(map(str, READS))
        raise Unreadable(f"state version {state.get('v')!r}; this program reads {known}")
    return state


def _read(fd: int, size: int) -> bytes:
    data = b""
    while len(data) < size:
        chunk = os.pread(fd, size - len(data), len(data))
        if not chunk:
            break
        data += chunk
    return data
