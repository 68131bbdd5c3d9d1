"""The small public files of a node: acks and `held.json`; and the blueprint that it is given.

One line of canonical JSON each. Readers on the controller treat every field as data from a
stranger: shapes and sizes are checked here.
"""

from __future__ import annotations

from enve_pm.core import blueprint as blueprints
from enve_pm.core import shape
from enve_pm.core.canonical import dumps, loads
from enve_pm.core.lean import namedtuple
from enve_pm.core.part import check_hash, check_header
from enve_pm.core.refusal import FormatError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Mapping

RANGE = (1, 1)  # the versions of formats that this program speaks

ACCEPTED = "accepted"
APPLIED = "applied"
FAILED = "failed"
REJECTED = "rejected"
NEED_FULL = "need-full"
DUPLICATE = "duplicate"
BUSY = "busy"
VERDICTS = (ACCEPTED, APPLIED, FAILED, REJECTED, NEED_FULL, DUPLICATE, BUSY)

ACK_SIZE = 4 << 20
HELD_SIZE = 16 << 20
BLUEPRINT_SIZE = 4 << 20

# nonce: 16 hex; code: "" unless rejected; reason: why, also of one that failed;
# spots: {name: {"state", "result"}}
Ack = namedtuple("Ack", "final nonce verdict code reason serial lane spots")
# head: bytes; sigs: bytes each; header: of the part; leaf: hex; proof: {"index", "path"};
# hashes: {name: hex}; active: the serial whose state was reached; manual: names;
# keys: primary fingerprints, upper case, of those keys of this node that signed
Lane = namedtuple("Lane", "head sigs header leaf proof hashes serial active manual keys")
Held = namedtuple("Held", "range node lanes blobs")  # lanes: {lane: Lane}, blobs: set of sha256


def encode_ack(ack: Ack) -> bytes:
    value = dict(ack._asdict())
    value["v"] = 1
    return dumps(value) + b"\n"


def parse_ack(line: bytes) -> Ack:
    keys = ("v",) + Ack._fields
    value = shape.fields(_read(line, "ack", ACK_SIZE), "ack", keys)
    shape.version(value["v"], "ack.v")
    return Ack(
        shape.flag(value["final"], "ack.final"),
        shape.hexadecimal(value["nonce"], "ack.nonce", 16),
        shape.choice(value["verdict"], "ack.verdict", VERDICTS),
        shape.text(value["code"], "ack.code", 64, empty=True),
        shape.text(value["reason"], "ack.reason", 4096, empty=True),
        shape.integer(value["serial"], "ack.serial"),
        shape.text(value["lane"], "ack.lane", 64, empty=True),
        shape.table(value["spots"], "ack.spots", _spot),
    )


def _spot(value: Any, where: str) -> dict[str, str]:
    shape.fields(value, where, ("state", "result"))
    for key in ("state", "result"):
        shape.text(value[key], where + "." + key, 256, empty=True)
    return dict(value)


def encode_held(held: Held) -> bytes:
    value = {
        "v": 1,
        "range": list(held.range),
        "node": held.node,
        "lanes": {name: _lane_value(lane) for name, lane in held.lanes.items()},
        "blobs": sorted(held.blobs),
    }
    return dumps(value) + b"\n"


def _lane_value(lane: Lane) -> Mapping[str, Any]:
    value = dict(lane._asdict())
    value["head"] = _base64(lane.head)
    value["sigs"] = [_base64(one) for one in lane.sigs]
    value["manual"] = sorted(lane.manual)
    return value


def parse_held(line: bytes) -> Held:
    """What a node says that it holds. Its heads are claims until their signatures are checked."""
    value = _read(line, "held", HELD_SIZE)
    shape.fields(value, "held", ("v", "range", "node", "lanes", "blobs"))
    shape.version(value["v"], "held.v")
    lowest, highest = _range(value["range"])
    return Held(
        (lowest, highest),
        shape.text(value["node"], "held.node"),
        shape.table(value["lanes"], "held.lanes", _lane, 256),
        frozenset(shape.items(value["blobs"], "held.blobs", check_hash, 1 << 17)),
    )


def _range(value: Any) -> tuple[int, int]:
    if not isinstance(value, list) or len(value) != 2:
        raise FormatError("held.range: wanted [lowest, highest]")
    return shape.integer(value[0], "held.range[0]"), shape.integer(value[1], "held.range[1]")


def _lane(value: Any, where: str) -> Lane:
    shape.fields(value, where, Lane._fields[:-1], ("keys",))
    return Lane(
        _bytes(value["head"], where + ".head"),
        tuple(shape.items(value["sigs"], where + ".sigs", _bytes, 16)),
        check_header(value["header"], where + ".header"),
        shape.hexadecimal(value["leaf"], where + ".leaf", 64),
        _proof(value["proof"], where + ".proof"),
        shape.table(value["hashes"], where + ".hashes", check_hash),
        shape.integer(value["serial"], where + ".serial"),
        shape.integer(value["active"], where + ".active"),
        tuple(shape.items(value["manual"], where + ".manual", shape.text, 65536)),
        tuple(shape.items(value.get("keys", []), where + ".keys", shape.fingerprint, 16)),
    )


def _proof(value: Any, where: str) -> dict[str, Any]:
    shape.fields(value, where, ("index", "path"))
    shape.integer(value["index"], where + ".index")
    shape.items(value["path"], where + ".path", check_hash, 32)
    return dict(value)


def parse_blueprint(data: bytes, system: bool) -> blueprints.Blueprint:
    """The blueprint from the bytes of HOME/trust/blueprint.json."""
    return blueprints.parse(_read(data, "blueprint", BLUEPRINT_SIZE), system)


def _read(data: bytes, what: str, limit: int) -> Any:
    if len(data) > limit:
        raise FormatError("%s: larger than %d bytes" % (what, limit))
    return loads(data)


def _base64(data: bytes) -> str:
    from binascii import b2a_base64

    return b2a_base64(data, newline=False).decode("ascii")


def _bytes(value: Any, where: str) -> bytes:
    from binascii import Error, a2b_base64

    text = shape.text(value, where, 64 << 10)
    try:
        data = a2b_base64(text.encode("ascii"))
    except (Error, UnicodeEncodeError):
        raise FormatError("%s: wanted base64" % where) from None
    if _base64(data) != text:
        raise FormatError("%s: wanted base64 in its plain form" % where)
    return data
