"""A signed plan in one file: what `--out` writes, what history keeps, what is marched later.

    enve-plan 1 LF, then sections: NAME SP decimal-length LF bytes LF
    head | sig, one or more | part, one a node, by node id | names | blob, none or more | end

The head and its signatures stand first, so that a look at them reads no more. `names` (sha256 ->
a name for people) is not signed and only shown. `enve.app.signedread` reads it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from enve.app import blobs, durable
from enve.model.march import SignedPlan
from enve.model.plan import Blob
from enve_pm.core import part as part_module
from enve_pm.wire import head as heads
from enve_pm.wire import stream as streams

MAGIC = b"enve-plan 1\n"
LIMITS = {
    b"head": heads.SIZE,
    b"sig": streams.SIGNATURE,
    b"part": part_module.SIZE,
    b"names": 16 << 20,
    b"blob": 16 << 30,
    b"end": 0,
}
ORDER = (b"head", b"sig", b"part", b"names", b"blob", b"end")


@dataclass(frozen=True, slots=True)
class Content:
    """A signed plan and the blobs that its file holds."""

    plan: SignedPlan
    blobs: Mapping[str, Blob] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)


def is_signed(path: Path) -> bool:
    """Whether this is a signed plan, and not the text of one."""
    try:
        with path.open("rb") as file:
            return file.read(len(MAGIC)).startswith(b"enve-plan ")
    except OSError:
        return False


def write(path: Path, content: Content) -> None:
    """Write the whole file. Raises MissingError; InputError when a blob's file has changed."""
    durable.replace(path, _pieces(content))


def _pieces(content: Content) -> Iterator[bytes]:
    signed = content.plan.signed
    yield MAGIC
    yield from _section(b"head", signed.raw)
    for signature in signed.signatures:
        yield from _section(b"sig", signature)
    for node in sorted(content.plan.parts):
        yield from _section(b"part", content.plan.parts[node].encode())
    yield from _section(b"names", json.dumps(dict(content.names)).encode())
    for blob in content.blobs.values():
        yield b"blob %d\n" % blob.size
        yield from blobs.pieces(blob)
        yield b"\n"
    yield from _section(b"end", b"")


def _section(name: bytes, data: bytes) -> Iterable[bytes]:
    return (b"%s %d\n" % (name, len(data)), data, b"\n")
