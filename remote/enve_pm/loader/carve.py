"""From what was brought to the stream of this node: either it is one, or a whole signed plan as
`enve-march --out` writes it, out of which this node's share is cut.

    enve-plan 1 LF, then sections: NAME SP decimal-length LF bytes LF
    head | sig, one or more | part, one a node | names | blob, none or more | end

Files that do not fit into the stream are left in a folder, from where pm takes them as from its
inbox. Nothing is judged here.
"""

from __future__ import annotations

import os

from enve_pm.core import blob
from enve_pm.core import part as parts
from enve_pm.core.canonical import loads
from enve_pm.core.digest import sha256
from enve_pm.core.refusal import FormatError
from enve_pm.core.unit import UnitSpec
from enve_pm.loader.trouble import Nothing
from enve_pm.wire import head as heads
from enve_pm.wire import merkle
from enve_pm.wire import stream as streams

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import IO

PLAN = b"enve-plan 1\n"
TITLE = 64  # bytes
CHUNK = 1 << 18
SMALL = 64 << 10  # bytes of a blob that travels in the stream
ROOM = 1 << 20  # ... and of all of them together
LARGEST = 1 << 40  # bytes of a section that has no limit of its own
_LIMITS = {b"head": heads.SIZE, b"sig": streams.SIGNATURE, b"part": parts.SIZE, b"end": 0}
_ORDER = (b"head", b"sig", b"part", b"names", b"blob", b"end")


def carve(file: IO[bytes], node: str, folder: str) -> bytes:
    """The stream for `node`. Raises FormatError, UnitError, Nothing, OSError."""
    start = file.read(len(PLAN))
    if start == PLAN:
        return _Plan(file, node, folder).stream()
    data = start + file.read(streams.SIZE + 1)
    if not data:
        raise Nothing("it is empty")
    if not data.startswith(streams.MAGIC[:-2]):
        wanted = "a signed stream, or a signed plan as enve-march --out writes it"
        raise FormatError("wanted %s" % wanted)
    streams.decode(data)
    return data


class _Plan:
    """A signed plan that is read once, section by section."""

    def __init__(self, file: IO[bytes], node: str, folder: str) -> None:
        self._file = file
        self._node = node
        self._folder = folder
        self._head = b""
        self._sigs: list[bytes] = []
        self._leaves: dict[str, bytes] = {}
        self._own: parts.Part | None = None
        self._wanted: dict[str, int] = {}
        self._blobs: list[bytes] = []
        self._room = ROOM

    def stream(self) -> bytes:
        for name, size in self._titles():
            if name in _LIMITS:
                self._take(name, self._body(size))
            elif name == b"blob":
                self._blob(size)
            else:
                self._pass(size)
        if self._own is None:
            raise Nothing("nothing in it is for %s" % self._node)
        nodes = sorted(self._leaves)
        index = nodes.index(self._node)
        path = merkle.proof([self._leaves[node] for node in nodes], index)
        proof = heads.encode_proof(heads.Proof(index, tuple(path)))
        body = self._own.encode()
        found = streams.Stream(
            self._head, tuple(self._sigs), "part", body, proof, tuple(self._blobs)
        )
        return streams.encode(found)

    def _titles(self) -> Iterator[tuple[bytes, int]]:
        """Name and size of each section, up to `end`; its body is read by the caller."""
        at = 0
        while True:
            title = self._file.readline(TITLE)
            name, _, size = title[:-1].partition(b" ")
            if not title.endswith(b"\n") or name not in _ORDER or not size.isdigit():
                raise FormatError("the plan is cut short, or is none")
            if _ORDER.index(name) < at or int(size) > _LIMITS.get(name, LARGEST):
                raise FormatError("the plan's section %s is in the wrong place" % name.decode())
            at = _ORDER.index(name)
            if name == b"end":
                return
            yield name, int(size)

    def _body(self, size: int) -> bytes:
        data = self._file.read(size + 1)
        if len(data) != size + 1 or data[-1:] != b"\n":
            raise FormatError("the plan is cut short")
        return data[:-1]

    def _pass(self, size: int) -> None:
        self._file.seek(size + 1, os.SEEK_CUR)

    def _take(self, name: bytes, data: bytes) -> None:
        if name == b"head":
            self._head = data
        elif name == b"sig":
            self._sigs.append(data)
        else:
            self._part(parts.parse(data))

    def _part(self, part: parts.Part) -> None:
        node = part.header["node"]
        self._leaves[node] = part.leaf()
        if node == self._node:
            self._own = part
            specs = [UnitSpec.parse(loads(line.encode())) for line in part.lines.values()]
            self._wanted = blob.named(specs)

    def _blob(self, size: int) -> None:
        begin = self._file.tell()
        digest = sha256(b"")
        for piece in self._pieces(size):
            digest.update(piece)
        name = digest.hexdigest()
        if self._wanted.get(name) == size:
            self._file.seek(begin)
            self._keep(name, size)
        self._pass(0)

    def _keep(self, name: str, size: int) -> None:
        if size <= min(SMALL, self._room):
            self._room -= size
            self._blobs.append(self._file.read(size))
            return
        path = "%s/%s" % (self._folder, name)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "wb") as target:
            for piece in self._pieces(size):
                target.write(piece)

    def _pieces(self, size: int) -> Iterator[bytes]:
        while size:
            piece = self._file.read(min(size, CHUNK))
            if not piece:
                raise FormatError("the plan is cut short")
            size -= len(piece)
            yield piece
