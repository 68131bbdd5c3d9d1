"""One node's stream: what it lacks, in the smallest form that it can use."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from enve.core.linechange import parse
from enve.errors import InputError
from enve.model.march import SignedPlan
from enve.model.plan import Blob
from enve_pm.core import delta
from enve_pm.core.part import Part
from enve_pm.wire import head as heads
from enve_pm.wire import stream as streams
from enve_pm.wire.stream import Stream

SMALL = 64 << 10  # bytes; what is larger goes to the inbox on its own
ROOM = streams.SIZE - (16 << 10)  # for all sections together, their titles aside

Read = Callable[[Blob], bytes]


@dataclass(frozen=True, slots=True)
class Packed:
    """A stream, and the blobs that must lie in the node's inbox before it."""

    kind: str  # part | delta | same
    data: bytes
    puts: tuple[Blob, ...]


class Packer:
    """Packs the parts of one signed plan. `read` gives a small blob's bytes."""

    def __init__(self, plan: SignedPlan, blobs: Mapping[str, Blob], read: Read) -> None:
        self._plan = plan
        self._blobs = blobs
        self._read = read
        self._named: dict[str, frozenset[str]] = {}  # line -> the blobs that it names

    def pack(self, node: str, held: Mapping[str, str] | None, blobs: Collection[str]) -> Packed:
        """The stream for `node`, which holds lines of these hashes (None: send it whole) and
        these blobs."""
        part = self._plan.parts[node]
        kind, body = _body(part, held)
        proof = heads.encode_proof(self._plan.proofs[node])
        signed = self._plan.signed
        lacking = [self._blob(one, node) for one in sorted(self.needs(part) - {*blobs})]
        room = ROOM - len(signed.raw) - sum(map(len, signed.signatures)) - len(body) - len(proof)
        inside, puts = _split(lacking, room)
        content = tuple(self._read(blob) for blob in inside)
        stream = Stream(signed.raw, signed.signatures, kind, body, proof, content)
        return Packed(kind, streams.encode(stream), puts)

    def needs(self, part: Part) -> frozenset[str]:
        """The sha256 of every blob that the part's lines name."""
        return frozenset().union(*(self._names(text) for text in part.lines.values()))

    def _names(self, text: str) -> frozenset[str]:
        if text not in self._named:
            self._named[text] = named(text)
        return self._named[text]

    def _blob(self, digest: str, node: str) -> Blob:
        if digest not in self._blobs:
            raise InputError(f"the plan names a file {digest[:16]} for {node} and does not have it")
        return self._blobs[digest]


def named(text: str) -> frozenset[str]:
    """The blobs that one line names: its config files and its product."""
    line = parse(text)
    found = {file["sha256"] for file in (line.get("files") or {}).values()}
    product = (line.get("product") or {}).get("sha256")
    return frozenset(found | ({product} if product else set()))


def _body(part: Part, held: Mapping[str, str] | None) -> tuple[str, bytes]:
    """A delta where that is smaller than the part."""
    whole = part.encode()
    if held is None:
        return "part", whole
    small = delta.make(held, part)
    body = small.encode()
    return (small.kind, body) if len(body) < len(whole) or small.kind == "same" else ("part", whole)


def _split(lacking: list[Blob], room: int) -> tuple[list[Blob], tuple[Blob, ...]]:
    """Which blobs travel inside the stream, the smallest first, and which before it."""
    inside: list[Blob] = []
    for blob in sorted(lacking, key=lambda blob: (blob.size, blob.sha256)):
        room -= blob.size + 32  # its title
        if blob.size > SMALL or room < 0 or len(inside) == streams.BLOBS:
            break
        inside.append(blob)
    taken = {blob.sha256 for blob in inside}
    return inside, tuple(blob for blob in lacking if blob.sha256 not in taken)
