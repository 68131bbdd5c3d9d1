"""Keys and signed heads, as the controller knows them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Flaw = Literal["", "expired", "revoked", "disabled", "cannot sign"]


@dataclass(frozen=True, slots=True)
class Key:
    """An OpenPGP key in the user's key ring. Times are unix seconds, `expires` 0 = never."""

    fingerprint: str  # of the primary key, 40 hex digits, upper case
    names: tuple[str, ...]  # user ids
    algorithm: str  # ed25519, rsa4096 ...
    created: int
    expires: int = 0
    secret: bool = False  # we can sign with it (the secret half may be on a card)
    card: bool = False
    flaw: Flaw = ""

    @property
    def short(self) -> str:
        """For screens: `9F2C..41AB`."""
        return shorten(self.fingerprint)

    @property
    def name(self) -> str:
        return self.names[0] if self.names else self.short


def shorten(fingerprint: str) -> str:
    """The first and the last four digits of a fingerprint, for screens only."""
    return f"{fingerprint[:4]}..{fingerprint[-4:]}"


def spaced(fingerprint: str) -> str:
    """A fingerprint in groups of four, to be read out and compared."""
    return " ".join(fingerprint[at : at + 4] for at in range(0, len(fingerprint), 4))
