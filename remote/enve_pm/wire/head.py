"""The head: the one document of a plan that is signed, once for the whole fleet."""

from __future__ import annotations

from enve_pm.core import shape
from enve_pm.core.canonical import dumps, loads
from enve_pm.core.digest import sha256
from enve_pm.core.lean import namedtuple
from enve_pm.core.pae import PLAN, pae
from enve_pm.core.refusal import FormatError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

SIZE = 16 << 10
BASES = 64
COUNT = 1 << 24  # nodes in a plan
INDEX, STEP, DEPTH = 4, 32, 32  # of a proof: bytes of its index, of a hash; hashes at most

# domain, lane, plan: names; epoch, serial, n, revoke_v: integers; issued, expires: unix seconds;
# bases: ((serial, hash), ...), newest first; root: 64 hex; force_base: a hash, or "".
Head = namedtuple(
    "Head", "domain epoch lane plan serial bases issued expires n root revoke_v force_base"
)
Proof = namedtuple("Proof", "index path")  # path: 32-byte hashes, bottom up

_REQUIRED = tuple(name for name in Head._fields if name != "force_base") + ("v",)


def encode(head: Head) -> bytes:
    """The canonical bytes of a head, checked as a node will check them."""
    value = dict(head._asdict())
    value["v"] = 1
    if not head.force_base:
        del value["force_base"]
    data = dumps(value)
    parse(data)
    return data


def name(data: bytes) -> str:
    """The hash by which bases and nodes know a head: hex SHA-256 of its bytes."""
    return sha256(data).hexdigest()


def signed(data: bytes) -> bytes:
    """The bytes that a signature of a head covers."""
    return pae(PLAN, data)


def parse(data: bytes) -> Head:
    if len(data) > SIZE:
        raise FormatError("head: larger than %d bytes" % SIZE)
    value = shape.fields(loads(data, canonical=True), "head", _REQUIRED, ("force_base",))
    shape.version(value["v"], "head.v")
    for key in ("domain", "plan"):
        shape.text(value[key], "head." + key)
    shape.word(value["lane"], "head.lane")
    for key in ("epoch", "revoke_v", "issued", "expires"):
        shape.integer(value[key], "head." + key)
    serial = shape.integer(value["serial"], "head.serial", 1)
    shape.integer(value["n"], "head.n", 1, COUNT)
    shape.hexadecimal(value["root"], "head.root", 64)
    bases = _bases(value["bases"], serial)
    force = shape.text(value.get("force_base", ""), "head.force_base", 64, empty=True)
    head = Head(
        bases=bases,
        force_base=force,
        **{key: value[key] for key in _REQUIRED if key not in ("v", "bases")},
    )
    _agree(head, "force_base" in value)
    return head


def _agree(head: Head, forced: bool) -> None:
    """What two fields say of each other."""
    if head.expires < head.issued:
        raise FormatError("head.expires: earlier than head.issued")
    if forced and head.force_base not in [base[1] for base in head.bases]:
        raise FormatError("head.force_base: wanted one of the hashes in head.bases")


def _bases(value: Any, serial: int) -> tuple[tuple[int, str], ...]:
    bases = shape.items(value, "head.bases", _base, BASES)
    serials = [base[0] for base in bases]
    if serials != sorted(serials, reverse=True) or len(set(bases)) != len(bases):
        raise FormatError("head.bases: wanted the newest first, and each once")
    if serials and serials[0] >= serial:
        raise FormatError("head.bases: wanted only serials below %d" % serial)
    return tuple(bases)


def _base(value: Any, where: str) -> tuple[int, str]:
    if not isinstance(value, list) or len(value) != 2:
        raise FormatError("%s: wanted [serial, hash]" % where)
    return shape.integer(value[0], where, 1), shape.hexadecimal(value[1], where, 64)


def chain(serial: int, hash_: str, bases: Any) -> tuple[tuple[int, str], ...]:
    """The `bases` of a head that builds on the head (serial, hash) with these own bases."""
    return ((serial, hash_), *[tuple(base) for base in bases])[:BASES]


def encode_proof(proof: Proof) -> bytes:
    """Bytes as they are: every node gets one with every stream."""
    return int(proof.index).to_bytes(INDEX, "big") + b"".join(proof.path)


def parse_proof(data: bytes) -> Proof:
    """Raises FormatError."""
    index, path = int.from_bytes(data[:INDEX], "big"), data[INDEX:]
    steps = [path[at : at + STEP] for at in range(0, len(path), STEP)]
    if len(data) < INDEX or len(path) % STEP or len(steps) > DEPTH:
        wanted = "%d bytes and at most %d hashes of %d bytes" % (INDEX, DEPTH, STEP)
        raise FormatError("proof: wanted %s, found %d bytes" % (wanted, len(data)))
    if index > COUNT:
        raise FormatError("proof: wanted an index up to %d, found %d" % (COUNT, index))
    return Proof(index, tuple(steps))
