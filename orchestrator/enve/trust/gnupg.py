"""The signer that people have: a key in gpg's key ring, its agent, or a smartcard behind it."""

from __future__ import annotations

from enve.errors import MissingError, UsageError
from enve.model.trust import Key
from enve.trust import gpgv
from enve.trust.keyring import Keyring


class GnupgSigner:
    """Signs with `key` and checks each signature at once, as a node will."""

    def __init__(self, ring: Keyring, key: Key) -> None:
        self.key = key
        self._ring = ring
        self._public = ring.export(key)

    def sign(self, data: bytes) -> bytes:
        signature = self._ring.sign(self.key, data)
        try:
            made_by = gpgv.check(data, signature, self._public)
        except gpgv.BadSignature as bad:
            raise MissingError(
                f"the signature that gpg made does not verify: {bad}",
                hint="look into gpg.conf: an option there changes how gpg signs",
            ) from None
        if made_by != self.key.fingerprint:
            raise MissingError(f"gpg signed with {made_by}, not with {self.key.fingerprint}")
        return signature


def choose(ring: Keyring, wanted: str = "") -> GnupgSigner:
    """The signer for `wanted` (fingerprint or name); "" = the only secret key there is."""
    key = ring.find(wanted) if wanted else _only(ring)
    if not key.secret:
        raise MissingError(
            f"the secret half of {key.name} {key.short} is not here",
            hint="insert the card, or `enve keys import` the secret key",
        )
    if key.flaw:
        raise MissingError(
            f"the key {key.name} {key.short} is of no use: {key.flaw}",
            hint="choose another with --key, or `enve keys new NAME`",
        )
    return GnupgSigner(ring, key)


def _only(ring: Keyring) -> Key:
    usable = [key for key in ring.all() if key.secret and not key.flaw]
    if not usable:
        raise MissingError("no key here can sign", hint="`enve keys new NAME` makes one")
    if len(usable) > 1:
        raise UsageError(
            f"{len(usable)} keys can sign",
            notes=tuple(f"{key.fingerprint}  {key.name}" for key in usable),
            hint="choose with --key, or ENVE_KEY",
        )
    return usable[0]
