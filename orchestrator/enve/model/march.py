"""What a march works with: what nodes show, what is signed, and what they answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from enve_pm.core.part import Part
from enve_pm.wire.head import Head, Proof
from enve_pm.wire.record import Lane


@dataclass(frozen=True, slots=True)
class SignedHead:
    """A head whose signatures were verified (by us, or because we made them)."""

    raw: bytes
    hash: str  # sha256 of raw, hex: the name by which bases know it
    head: Head  # what stands in raw
    signatures: tuple[bytes, ...]
    signer: str = ""  # primary fingerprint
    signer_name: str = ""

    @property
    def serial(self) -> int:
        return int(self.head.serial)

    @property
    def chain(self) -> tuple[tuple[int, str], ...]:
        """Itself and what it builds on: (serial, hash), the newest first."""
        return ((self.serial, self.hash), *self.head.bases)


@dataclass(frozen=True, slots=True)
class Look:
    """One node as it shows itself. `now`: its clock, unix seconds; `alive`: its pm runs.

    `lanes` are claims: a head in them counts only once its signatures were checked.
    """

    now: int
    alive: bool
    lanes: Mapping[str, Lane] = field(default_factory=dict)
    blobs: frozenset[str] = frozenset()
    versions: tuple[int, int] = (1, 1)
    flaw: str = ""  # why held.json cannot be read
    installed: bool = True


@dataclass(frozen=True, slots=True)
class SignedPlan:
    """A signed head and everything that it covers, ready to be sent."""

    signed: SignedHead
    parts: Mapping[str, Part]  # by node
    proofs: Mapping[str, Proof]  # by node


Word = Literal[
    "applied",
    "accepted",  # not the last word
    "failed",
    "rejected",
    "need-full",
    "duplicate",
    "busy",
    "unknown",  # sent, or perhaps sent, and no answer
    "unreachable",
    "deadline",  # it was reached, and the deadline passed before anything was sent
    "pending",  # not sent: waits for another node, or was stopped before
    "unsent",  # nothing had to be sent
]


@dataclass(frozen=True, slots=True)
class Answer:
    """An ack, or why there is none. `spots`: name -> (state, result); `said`: the last lines that
    those which failed have printed, as far as they were asked for."""

    word: Word
    final: bool
    code: str = ""
    reason: str = ""
    serial: int = 0
    spots: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    said: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
