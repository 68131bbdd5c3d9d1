"""A delta: a smaller way to carry a part to a node that holds most of its lines already.

It is transport only. What counts is the part that comes out, which must hash to the signed leaf.
A `same` is a delta without lines: everything is held, only the head is new.
"""

from __future__ import annotations

from enve_pm.core import part as parts
from enve_pm.core import shape
from enve_pm.core.canonical import dumps, loads
from enve_pm.core.refusal import FormatError, NeedFull

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Mapping

    from enve_pm.core.part import Part

__all__ = ["Delta", "NeedFull", "apply", "make", "parse"]


class Delta:
    """`header` and `hashes` of the new part, and those `lines` that the node does not hold."""

    __slots__ = ("hashes", "header", "lines")

    def __init__(
        self, header: Mapping[str, Any], hashes: Mapping[str, str], lines: Mapping[str, str]
    ) -> None:
        self.header = dict(header)
        self.hashes = dict(hashes)
        self.lines = dict(lines)

    @property
    def kind(self) -> str:
        """The section of a stream that carries it."""
        return "delta" if self.lines else "same"

    def encode(self) -> bytes:
        value: dict[str, Any] = {"header": self.header, "hashes": self.hashes}
        if self.lines:
            value["lines"] = self.lines
        return dumps(value)


def make(held_hashes: Mapping[str, str], part: Part) -> Delta:
    """What a node that holds lines of these hashes needs for `part`."""
    held = set(held_hashes.values())
    new = {name: part.lines[name] for name, sum_ in part.hashes.items() if sum_ not in held}
    return Delta(part.header, part.hashes, new)


def apply(held: Part | None, delta: Delta) -> Part:
    """The part that the delta stands for. NeedFull names a line that is neither sent nor held;
    FormatError: together they are more than a part may be, and could not be read again."""
    known = {} if held is None else {parts.digest(text): text for text in held.lines.values()}
    known.update((parts.digest(text), text) for text in delta.lines.values())
    lines = {}
    for name, sum_ in delta.hashes.items():
        if sum_ not in known:
            raise NeedFull("the line of %s is not held here" % name)
        lines[name] = known[sum_]
    part = parts.Part(delta.header, lines)
    if len(part.encode()) > parts.SIZE:
        raise FormatError("%s: put together larger than %d bytes" % (delta.kind, parts.SIZE))
    return part


def parse(data: bytes, kind: str) -> Delta:
    """A `delta` or `same` from its canonical bytes."""
    if len(data) > parts.SIZE:
        raise FormatError("%s: larger than %d bytes" % (kind, parts.SIZE))
    keys = ("header", "hashes", "lines") if kind == "delta" else ("header", "hashes")
    value = shape.fields(loads(data, canonical=True), kind, keys)
    header = parts.check_header(value["header"], kind + ".header")
    hashes = shape.table(value["hashes"], kind + ".hashes", parts.check_hash)
    lines = shape.table(value.get("lines", {}), kind + ".lines", parts.check_line)
    return Delta(header, hashes, lines)
