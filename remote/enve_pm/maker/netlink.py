"""rtnetlink(7): how the kernel is asked about links, addresses and routes, and told to change them.

A socket belongs to the network namespace that it was opened in, wherever its process goes later.
"""

from __future__ import annotations

import errno
import os
import socket
import struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterator, Sequence

    Attributes = dict[int, bytes]

REQUEST, ACK, CREATE, EXCL, DUMP = 1, 4, 0x400, 0x200, 0x300
_ERROR, _DONE = 2, 3  # types of answers
_INTERRUPTED, _CAPPED, _WITH_WORDS = 0x10, 0x100, 0x200  # flags of answers
_SOL, _CAP_ACK, _EXT_ACK = 270, 10, 11
_HEADER = struct.Struct("=IHHII")  # length, type, flags, sequence, port
_ATTRIBUTE = struct.Struct("=HH")  # length, type
_TYPE = 0x3FFF  # without the flags that a type may carry
_MESSAGE = 1  # attribute of an error: why, in words
_LARGEST = 1 << 16
_TRIES = 10  # of a dump that changes come into
PATIENCE = 10  # seconds until an answer


class Netlink:
    """Requests to the namespace that this process is in now."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, 0)
        self._socket.settimeout(PATIENCE)
        for option in (_CAP_ACK, _EXT_ACK):
            self._socket.setsockopt(_SOL, option, 1)
        self._number = 0

    def close(self) -> None:
        self._socket.close()

    def tell(self, kind: int, what: str, data: bytes, flags: int = 0) -> None:
        """Have something changed. Raises OSError, about `what`."""
        for _, _, words in self._ask(kind, REQUEST | ACK | flags, data, what):
            raise OSError(errno.EPROTO, "an answer of %d bytes to an order" % len(words), what)

    def dump(self, kind: int, what: str, data: bytes) -> list[bytes]:
        """Everything of one kind that is there."""
        for _ in range(_TRIES):
            rows = list(self._ask(kind, REQUEST | DUMP, data, what))
            if not any(flags & _INTERRUPTED for _, flags, _ in rows):
                return [body for _, _, body in rows]
        raise OSError(errno.EAGAIN, "they change all the time", what)

    def _ask(
        self, kind: int, flags: int, data: bytes, what: str
    ) -> Iterator[tuple[int, int, bytes]]:
        self._number += 1
        length = _HEADER.size + len(data)
        self._socket.send(_HEADER.pack(length, kind, flags, self._number, 0) + data)
        while True:
            for answer, more, number, body in _messages(self._socket.recv(_LARGEST)):
                if number != self._number:
                    continue
                if answer in (_ERROR, _DONE):
                    _judge(body, more, what)
                    return
                yield answer, more, body


def _messages(data: bytes) -> Iterator[tuple[int, int, int, bytes]]:
    """(type, flags, sequence, body)"""
    while len(data) >= _HEADER.size:
        length, kind, flags, number, _ = _HEADER.unpack_from(data)
        if not _HEADER.size <= length <= len(data):
            raise OSError(errno.EPROTO, "an answer of the kernel is cut off", "netlink")
        yield kind, flags, number, data[_HEADER.size : length]
        data = data[_aligned(length) :]


def _judge(body: bytes, flags: int, what: str) -> None:
    """An error's first word is its number, below 0; 0: all is well."""
    code = -struct.unpack_from("=i", body)[0] if len(body) >= 4 else 0
    if not code:
        return
    words = b""
    if flags & _WITH_WORDS and flags & _CAPPED:
        words = parse(body[4 + _HEADER.size :]).get(_MESSAGE, b"")
    said = words.rstrip(b"\0").decode("utf-8", "replace")
    raise OSError(code, os.strerror(code) + (" (%s)" % said.rstrip(".") if said else ""), what)


def attribute(kind: int, value: bytes | int | str | Sequence[bytes]) -> bytes:
    """Bytes; a number of 32 bits; a text; or others in it."""
    if isinstance(value, int):
        value = struct.pack("=I", value)
    elif isinstance(value, str):
        value = value.encode("utf-8", "surrogateescape") + b"\0"
    elif not isinstance(value, bytes):
        value = b"".join(value)
    length = _ATTRIBUTE.size + len(value)
    return _ATTRIBUTE.pack(length, kind) + value + bytes(_aligned(length) - length)


def parse(data: bytes) -> Attributes:
    """The attributes by their types."""
    found = {}
    while len(data) >= _ATTRIBUTE.size:
        length, kind = _ATTRIBUTE.unpack_from(data)
        if not _ATTRIBUTE.size <= length <= len(data):
            break
        found[kind & _TYPE] = data[_ATTRIBUTE.size : length]
        data = data[_aligned(length) :]
    return found


def number(attributes: Attributes, kind: int) -> int:
    """Of 32 bits; 0 where it is not there."""
    value = attributes.get(kind, b"")
    return int(struct.unpack("=I", value)[0]) if len(value) == 4 else 0


def text(attributes: Attributes, kind: int) -> str:
    return attributes.get(kind, b"").rstrip(b"\0").decode("utf-8", "surrogateescape")


def _aligned(length: int) -> int:
    return (length + 3) & ~3
