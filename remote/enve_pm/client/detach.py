"""The keys by which one who has joined a unit leaves it again."""

from __future__ import annotations

from enve_pm.shell.words import USAGE, Failure

DEFAULT = "]"
LEAVE = b"d"


def prefix(name: str) -> bytes:
    """What Ctrl with this key sends. Raises Failure (64)."""
    code = ord(name.upper()) - 64 if len(name) == 1 else 0
    if not 1 <= code <= 31 or code in (9, 10, 13, 27):  # these are keys of their own
        raise Failure(USAGE, f"--detach-key: wanted one of a-z \\ ] ^ _, found {name!r}")
    return bytes([code])


class Keys:
    """The prefix and d: leave. The prefix twice: that key itself. The prefix and anything else:
    both, as they were typed."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._pending = False
        self.left = False

    def feed(self, data: bytes) -> bytes:
        """What is typed into the unit."""
        out = bytearray()
        for number in data:
            one = bytes([number])
            if self._pending:
                self._pending = False
                if one == LEAVE:
                    self.left = True
                    return bytes(out)
                out += one if one == self._key else self._key + one
            elif one == self._key:
                self._pending = True
            else:
                out += one
        return bytes(out)
