"""What can sign a head: one signature for the whole fleet."""

from __future__ import annotations

from typing import Protocol

from enve.model.trust import Key


class Signer(Protocol):
    """Signs with one key. A signature is detached, binary, of class 00, over the exact bytes."""

    @property
    def key(self) -> Key: ...

    def sign(self, data: bytes) -> bytes:
        """May wait for a person (passphrase, card). Raises MissingError when it cannot."""
        ...
