"""The signed stream: everything that a node needs to judge a plan, in one run of bytes.

    enve-stream 1 LF, then sections: NAME SP decimal-length LF bytes LF
    head | sig, one or more | part, delta or same | proof | blob, none or more

The same bytes work through the fifo, in a file and over http. Decoding only cuts; what the
sections say is read by `head`, `core.part` and `core.delta` from these same bytes.
"""

from __future__ import annotations

from enve_pm.core.lean import namedtuple
from enve_pm.core.refusal import FormatError, VersionError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterator

MAGIC = b"enve-stream 1\n"
SIZE = 2 << 20
SIGNATURE = 2 << 10  # bytes
SIGNATURES = 16
BLOBS = 1024
KINDS = ("part", "delta", "same")

# head, body, proof: canonical JSON; sigs: detached binary signatures; kind: part | delta | same;
# blobs: bytes, known by their own hash.
Stream = namedtuple("Stream", "head sigs kind body proof blobs")

_LIMITS = {
    b"head": 16 << 10,
    b"sig": SIGNATURE,
    b"part": 1 << 20,
    b"delta": 1 << 20,
    b"same": 1 << 20,
    b"proof": 8 << 10,
    b"blob": SIZE,
}


def encode(stream: Stream) -> bytes:
    pieces = [MAGIC, _section(b"head", stream.head)]
    pieces += [_section(b"sig", one) for one in stream.sigs]
    pieces.append(_section(stream.kind.encode("ascii"), stream.body))
    pieces.append(_section(b"proof", stream.proof))
    pieces += [_section(b"blob", one) for one in stream.blobs]
    data = b"".join(pieces)
    decode(data)
    return data


def _section(name: bytes, body: bytes) -> bytes:
    return b"%s %d\n%s\n" % (name, len(body), body)


def decode(data: bytes) -> Stream:
    """Cut a stream into its sections. FormatError says what was wanted; VersionError means
    that a newer program wrote it."""
    if len(data) > SIZE:
        raise FormatError("stream: larger than %d bytes" % SIZE)
    if not data.startswith(MAGIC):
        if data.startswith(b"enve-stream ") and data[12:13].isdigit():
            raise VersionError("the stream is of a version that this node does not speak")
        raise FormatError("stream: wanted it to begin with 'enve-stream 1'")
    sections = list(_sections(data))
    at = _count(sections, 1, b"sig")
    if not sections or sections[0][0] != b"head" or not 1 <= at <= SIGNATURES:
        raise FormatError("stream: wanted one head and 1 to %d signatures" % SIGNATURES)
    end = at + 3
    names = [name for name, _ in sections[at + 1 : end]]
    if len(names) != 2 or names[0].decode("ascii") not in KINDS or names[1] != b"proof":
        raise FormatError("stream: wanted a part, delta or same, and its proof")
    if _count(sections, end, b"blob") != len(sections) - end or len(sections) - end > BLOBS:
        raise FormatError("stream: wanted nothing but blobs behind the proof")
    return Stream(
        sections[0][1],
        tuple(body for _, body in sections[1 : at + 1]),
        names[0].decode("ascii"),
        sections[at + 1][1],
        sections[at + 2][1],
        tuple(body for _, body in sections[end:]),
    )


def _count(sections: list[tuple[bytes, bytes]], at: int, name: bytes) -> int:
    """How many sections in a row, from `at` on, bear this name."""
    end = at
    while end < len(sections) and sections[end][0] == name:
        end += 1
    return end - at


def _sections(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(MAGIC)
    while at < len(data):
        name, size, start = _title(data, at)
        end = start + size
        if data[end : end + 1] != b"\n":
            raise FormatError("stream: the section at byte %d is cut short" % at)
        yield name, data[start:end]
        at = end + 1


def _title(data: bytes, at: int) -> tuple[bytes, int, int]:
    """Name, size and beginning of the section whose title stands at `at`."""
    stop = data.find(b"\n", at, at + 32)
    name, _, size = data[at : max(stop, at)].partition(b" ")
    if stop < 0 or not size.isdigit() or (size[:1] == b"0" and size != b"0"):
        raise FormatError("stream: wanted 'NAME LENGTH' at byte %d" % at)
    if name not in _LIMITS:
        if name.isalpha() and name.islower():
            raise VersionError("this node does not know the section %s" % name.decode("ascii"))
        raise FormatError("stream: wanted a section's name at byte %d" % at)
    if int(size) > _LIMITS[name]:
        raise FormatError("stream: the section %s is too large" % name.decode("ascii"))
    return name, int(size), stop + 1
