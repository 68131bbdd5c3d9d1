"""Heads that nodes show: each counts only with a signature by a keyhole of the blueprint.

One lying node must not stop a lane: its claim is told as bad-state and ignored.
"""

from __future__ import annotations

from collections.abc import Iterable

from enve.model.blueprint import Keyhole
from enve.model.march import SignedHead
from enve.trust import gpgv
from enve_pm.core import part as part_module
from enve_pm.core.refusal import FormatError
from enve_pm.wire import head as heads
from enve_pm.wire import merkle
from enve_pm.wire.record import Lane


class BadState(Exception):
    """Why what a node says that it holds is not believed."""


class Verifier:
    """Checks each head once, against all `keyholes` (any node's: a key that left one node's
    blueprint may have signed what it still holds) and the heads that we `know` already."""

    def __init__(
        self, keyholes: Iterable[Keyhole], known: Iterable[SignedHead] = (), *, domain: str
    ) -> None:
        holes = {hole.fingerprint: hole for hole in keyholes}
        self._names = {fingerprint: hole.name for fingerprint, hole in holes.items()}
        self._ring = b"".join(hole.public_key for hole in holes.values())
        self._domain = domain
        self._known: dict[str, SignedHead | BadState] = {one.hash: one for one in known}

    def unchecked(self, lane: Lane) -> bool:
        """Whether `check` would have to call gpgv (and should not be called on the event loop)."""
        return heads.name(lane.head) not in self._known

    def check(self, node: str, lane_name: str, lane: Lane) -> SignedHead:
        """The verified head that `node` holds in the lane. Raises BadState."""
        hash_ = heads.name(lane.head)
        if hash_ not in self._known:
            self._known[hash_] = self._judge(lane.head, lane.sigs, hash_)
        found = self._known[hash_]
        if isinstance(found, BadState):
            raise BadState(*found.args)
        _belongs(node, lane_name, lane, found)
        if found.head.domain != self._domain:
            raise BadState(f"its head is of the domain '{found.head.domain}'")
        return found

    def identify(self, signed: SignedHead) -> SignedHead:
        """A head out of a file with its signer told, if a keyhole's key signed it."""
        found = self._judge(signed.raw, signed.signatures, signed.hash)
        return signed if isinstance(found, BadState) else found

    def name(self, fingerprint: str) -> str:
        """What the blueprint calls a key; "" for one that it does not name."""
        return self._names.get(fingerprint, "")

    def _judge(
        self, raw: bytes, signatures: tuple[bytes, ...], hash_: str
    ) -> SignedHead | BadState:
        try:
            parsed = heads.parse(raw)
        except FormatError as error:
            return BadState(f"its head: {error}")
        why = "it shows no signature" if self._ring else "the blueprint names no key to check it by"
        for signature in signatures if self._ring else ():
            try:
                signer = gpgv.check(heads.signed(raw), signature, self._ring, past=True)
            except gpgv.BadSignature as bad:
                why = f"its head has no good signature by a keyhole ({bad})"
                continue
            return SignedHead(raw, hash_, parsed, signatures, signer, self.name(signer))
        return BadState(why)


def _belongs(node: str, lane_name: str, lane: Lane, head: SignedHead) -> None:
    """The part that is claimed hashes to a leaf of this very head, for this node and lane."""
    header = lane.header
    if (header["node"], header["lane"], head.head.lane) != (node, lane_name, lane_name):
        raise BadState("what it holds was made for another node or lane")
    leaf = part_module.leaf(header, lane.hashes)
    path = [bytes.fromhex(step) for step in lane.proof["path"]]
    root = bytes.fromhex(head.head.root)
    if not merkle.verify(leaf, lane.proof["index"], head.head.n, path, root):
        raise BadState("its lines are not those of the head that it shows")
