"""What a command prints, gathered within bounds: a node that never stops printing is cut off."""

from __future__ import annotations

from enve.errors import NodeFailure

MAX_OUTPUT = 16 << 20  # bytes of stdout and stderr together
MAX_LINE = 4 << 20  # bytes of one line of a session


class Output:
    """Both outputs of one command."""

    def __init__(self, limit: int = MAX_OUTPUT) -> None:
        self._limit = limit
        self._size = 0
        self._parts: dict[bool, list[bytes]] = {False: [], True: []}

    def add(self, data: bytes, *, errors: bool) -> bool:
        """Take in `data`; False once there is too much (the rest is not kept)."""
        self._size += len(data)
        if self.full:
            return False
        self._parts[errors].append(data)
        return True

    @property
    def full(self) -> bool:
        """More than the limit came."""
        return self._size > self._limit

    @property
    def stdout(self) -> bytes:
        return b"".join(self._parts[False])

    @property
    def stderr(self) -> bytes:
        return b"".join(self._parts[True])

    def check(self) -> None:
        """Raises NodeFailure when the command printed too much."""
        if self.full:
            raise too_much(self._limit)


class Lines:
    """Cuts a stream of bytes into lines, each without its line feed."""

    def __init__(self, limit: int = MAX_LINE) -> None:
        self._limit = limit
        self._rest = bytearray()  # grows in place: a long line may come byte by byte

    def add(self, data: bytes) -> list[bytes]:
        """The lines that `data` ends. Raises NodeFailure when one is too long."""
        first, *more = data.split(b"\n")
        self._rest += first
        whole = [bytes(self._rest), *more[:-1]] if more else []
        if more:
            self._rest[:] = more[-1]
        if len(self._rest) > self._limit:
            raise too_much(self._limit)
        return whole

    def end(self) -> list[bytes]:
        """What stands after the last line feed."""
        rest, self._rest = bytes(self._rest), bytearray()
        return [rest] if rest else []


def too_much(limit: int) -> NodeFailure:
    """The error for a node that prints more than any right answer holds."""
    return NodeFailure(
        f"the node printed more than {limit >> 20} MiB",
        hint="look at what its login shell prints: ssh NODE true",
    )
