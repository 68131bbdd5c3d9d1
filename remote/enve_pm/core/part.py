"""A part: one node's whole state in one lane, as a header and one line per spot.

A line is text (canonical JSON, see `unit`); here only its hash and its name matter. The leaf of
the tree hashes the header and the hashes of the lines, so that a signer can carry lines that he
may not read or change.
"""

from __future__ import annotations

from enve_pm.core import shape
from enve_pm.core.canonical import dumps, loads
from enve_pm.core.digest import sha256
from enve_pm.core.pae import PART, pae
from enve_pm.core.refusal import FormatError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Mapping

SIZE = 1 << 20  # bytes of an encoded part
NAME = 1024  # characters of an address below the node


def digest(line: str) -> str:
    """The hash under which a line stands in the leaf: 64 hexadecimal digits."""
    return sha256(line.encode("utf-8")).hexdigest()


def leaf(header: Mapping[str, Any], hashes: Mapping[str, str]) -> bytes:
    """The 32 bytes that stand for this part in the tree of a head."""
    body = dumps({"header": header, "lines": hashes})
    return sha256(b"\0" + pae(PART, body)).digest()


def header(node: str, lane: str, salt: str) -> dict[str, Any]:
    """salt: 16 random bytes in hex, the same for as long as a node stays in a lane."""
    return check_header({"v": 1, "node": node, "lane": lane, "salt": salt}, "header")


class Part:
    """`header` {v, node, lane, salt} and `lines` {address below the node: line}."""

    __slots__ = ("_hashes", "header", "lines")

    def __init__(self, header: Mapping[str, Any], lines: Mapping[str, str]) -> None:
        self.header = dict(header)
        self.lines = dict(lines)
        self._hashes: dict[str, str] | None = None

    @property
    def hashes(self) -> dict[str, str]:
        if self._hashes is None:
            self._hashes = {name: digest(line) for name, line in self.lines.items()}
        return self._hashes

    def leaf(self) -> bytes:
        return leaf(self.header, self.hashes)

    def encode(self) -> bytes:
        return dumps({"header": self.header, "lines": self.lines})

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Part):
            return NotImplemented
        return self.header == other.header and self.lines == other.lines

    __hash__ = None  # type: ignore[assignment]


def parse(data: bytes) -> Part:
    """A part from its canonical bytes; the lines themselves are not read here."""
    if len(data) > SIZE:
        raise FormatError("part: larger than %d bytes" % SIZE)
    value = shape.fields(loads(data, canonical=True), "part", ("header", "lines"))
    head = check_header(value["header"], "part.header")
    return Part(head, shape.table(value["lines"], "part.lines", check_line))


def check_header(value: Any, where: str) -> dict[str, Any]:
    shape.fields(value, where, ("v", "node", "lane", "salt"))
    shape.version(value["v"], where + ".v")
    shape.text(value["node"], where + ".node")
    shape.word(value["lane"], where + ".lane")
    shape.hexadecimal(value["salt"], where + ".salt", 32)
    return dict(value)


def check_line(value: Any, where: str) -> str:
    return shape.text(value, where, SIZE)


def check_hash(value: Any, where: str) -> str:
    return shape.hexadecimal(value, where, 64)
