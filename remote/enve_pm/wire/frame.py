"""Frames of 512 bytes: how a stream travels through a fifo that many writers share.

512 bytes is what POSIX promises to write in one piece, so frames of concurrent writers interleave
but never tear; should they (a writer with a large buffer, garbage by hand), the reader looks for
the next frame whose checksum holds. Nothing that a frame says is believed: its stream id is a
claim until the whole stream has been hashed.

     0 magic "EV" | 2 version 1 | 3 flags 0 | 4 nonce 8 | 12 stream id 8 | 20 sequence u32
    24 total u32 | 28 payload length u16 | 30 reserved u16 0 | 32 crc32 u32 | 36 payload 476

Big endian. The checksum covers all 512 bytes with its own field 0. The stream id is the first 8
bytes of the stream's SHA-256; every payload but the last is full; the rest is padded with 0.
"""

from __future__ import annotations

from _struct import Struct
from binascii import crc32

from enve_pm.core.digest import sha256
from enve_pm.core.lean import namedtuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Event = Any  # Whole | Busy | Dropped
    Key = tuple[bytes, bytes]

SIZE = 512
PAYLOAD = 476
MAGIC = b"EV"
VERSION = 1

_HEAD = Struct(">2sBB8s8sIIHHI")
_CRC_ZERO = b"\0\0\0\0"
_PADDING = bytes(PAYLOAD)

Limits = namedtuple("Limits", "streams memory stream idle")
LIMITS = Limits(streams=256, memory=16 << 20, stream=2 << 20, idle=30_000)  # bytes, milliseconds

# What a fed byte can lead to. nonce: 8 bytes; stream: the 8 claimed bytes of its name.
Whole = namedtuple("Whole", "nonce sha data")  # sha: hex of the computed SHA-256
Busy = namedtuple("Busy", "nonce stream")  # evicted for want of room: the writer tries again
Dropped = namedtuple("Dropped", "nonce stream why")  # why: "idle" | "name"

_Frame = namedtuple("_Frame", "nonce stream sequence total payload")


def encode(stream: bytes, nonce: bytes) -> bytes:
    """The frames of a whole stream. nonce: 8 bytes, new for every attempt."""
    if len(nonce) != 8:
        raise ValueError("a nonce has 8 bytes")
    name = sha256(stream).digest()[:8]
    total = max(1, -(-len(stream) // PAYLOAD))
    return b"".join(
        _one(nonce, name, at, total, stream[at * PAYLOAD : (at + 1) * PAYLOAD])
        for at in range(total)
    )


def _one(nonce: bytes, name: bytes, sequence: int, total: int, payload: bytes) -> bytes:
    body = payload + _PADDING[len(payload) :]
    fields = (MAGIC, VERSION, 0, nonce, name, sequence, total, len(payload), 0)
    check = crc32(body, crc32(_HEAD.pack(*fields, 0)))
    return _HEAD.pack(*fields, check) + body


def _read(data: bytes | bytearray, at: int, limit: int) -> _Frame | None:
    """The frame at `at` (512 bytes are there), or None when this is not one."""
    magic, version, flags, nonce, name, sequence, total, length, reserved, check = (
        _HEAD.unpack_from(data, at)
    )
    if magic != MAGIC or version != VERSION or flags or reserved or length > PAYLOAD:
        return None
    if not 1 <= total <= limit or sequence >= total:
        return None
    if (sequence < total - 1 and length < PAYLOAD) or (length == 0 and total > 1):
        return None
    head = bytes(data[at : at + 32]) + _CRC_ZERO
    body = bytes(data[at + _HEAD.size : at + SIZE])
    if crc32(body, crc32(head)) != check or body[length:] != _PADDING[length:]:
        return None
    return _Frame(nonce, name, sequence, total, body[:length])


class _Open:
    """A stream of which some frames have come."""

    __slots__ = ("data", "since", "total", "upto")

    def __init__(self, total: int) -> None:
        self.data = bytearray()
        self.total = total
        self.upto = 0  # the sequence that is wanted next
        self.since = 0  # when its last frame came, milliseconds


class Assembler:
    """Puts streams together from the bytes of a fifo, in bounded memory."""

    def __init__(self, limits: Limits = LIMITS) -> None:
        self.limits = limits
        self.skipped = 0  # bytes that belonged to no frame
        self.ignored = 0  # good frames that fitted no open stream
        self._rest = bytearray()
        self._open: dict[Key, _Open] = {}  # the longest idle one first
        self._held = 0

    def feed(self, data: bytes, now_ms: int) -> list[Event]:
        """Take bytes as they were read, of any length; return what they lead to, in order."""
        events = self.expire(now_ms)
        self._rest += data
        at = 0
        frames = self.limits.stream // PAYLOAD + 1
        while len(self._rest) - at >= SIZE:
            frame = _read(self._rest, at, frames)
            if frame is None:
                at = self._resync(at)
                continue
            at += SIZE
            self._take(frame, now_ms, events)
        del self._rest[:at]
        return events

    def expire(self, now_ms: int) -> list[Event]:
        """Drop the streams whose writer has been silent for too long."""
        events: list[Event] = []
        for key, stream in list(self._open.items()):
            if now_ms - stream.since < self.limits.idle:
                break
            self._forget(key)
            events.append(Dropped(key[0], key[1], "idle"))
        return events

    def deadline(self) -> int | None:
        """When `expire` has something to do next (milliseconds), or None."""
        for stream in self._open.values():
            return int(stream.since + self.limits.idle)
        return None

    def dump(self) -> list[Any]:
        """What has come and is not whole yet: bytes and numbers only."""
        streams = [[*key, s.total, bytes(s.data), s.upto, s.since] for key, s in self._open.items()]
        return [bytes(self._rest), streams]

    def restore(self, dumped: list[Any]) -> None:
        """Go on, in a new one, with what an earlier one has dumped; its clock is ours."""
        rest, streams = dumped
        self._rest[:] = rest
        for nonce, name, total, data, upto, since in streams:
            stream = self._open[nonce, name] = _Open(total)
            stream.data[:] = data
            stream.upto, stream.since = upto, since
            self._held += len(data)

    def _resync(self, at: int) -> int:
        """Where the next frame may begin, after the byte at `at`."""
        found = self._rest.find(MAGIC, at + 1)
        if found < 0:  # the magic may still be cut in two
            found = len(self._rest) - (1 if self._rest.endswith(MAGIC[:1]) else 0)
            found = max(found, at + 1)
        self.skipped += found - at
        return found

    def _take(self, frame: _Frame, now_ms: int, events: list[Event]) -> None:
        key = (frame.nonce, frame.stream)
        stream = self._open.pop(key, None)
        if stream is None:
            if frame.sequence:  # its beginning was lost or evicted
                self.ignored += 1
                return
            stream = _Open(frame.total)
        if frame.sequence != stream.upto or frame.total != stream.total:
            self.ignored += 1  # planted, repeated or lost: the rest stays as it was
        else:
            stream.data += frame.payload
            stream.upto += 1
            self._held += len(frame.payload)
        stream.since = now_ms
        self._open[key] = stream
        if stream.upto == stream.total:
            events.append(self._whole(key, stream))
        else:
            self._make_room(events)

    def _whole(self, key: Key, stream: _Open) -> Event:
        self._forget(key)
        data = bytes(stream.data)
        sum_ = sha256(data)
        if sum_.digest()[:8] != key[1]:
            return Dropped(key[0], key[1], "name")
        return Whole(key[0], sum_.hexdigest(), data)

    def _make_room(self, events: list[Event]) -> None:
        while len(self._open) > self.limits.streams or self._held > self.limits.memory:
            key = next(iter(self._open))
            self._forget(key)
            events.append(Busy(*key))

    def _forget(self, key: Key) -> None:
        self._held -= len(self._open.pop(key).data)
