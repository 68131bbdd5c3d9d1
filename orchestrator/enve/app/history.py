"""What was signed on this machine, per domain and lane, and what became of it.

Two files for each head under XDG_STATE_HOME/enve/domains/DOMAIN/history/LANE, both 0600 in a
folder 0700 (parts may hold secrets):

    SERIAL-HASH16.plan   the signed plan (`enve.app.signedfile`); of somebody else only the head
    SERIAL-HASH16.json   who signed; which nodes it was to be sent to; what they answered

A plan is on disk before its first byte leaves, so that no head of ours is ever forgotten while a
node may hold it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from enve import private
from enve.app import durable, signedfile, signedread
from enve.app.signedfile import Content
from enve.errors import EnveError, MissingError
from enve.model.march import SignedHead, SignedPlan

KEEP = 32  # heads of ours, and as many of others
# Answers after which a node certainly does not hold the head, and will not take its stream later.
REFUSED = frozenset(("rejected", "unreachable", "deadline", "pending", "unsent"))


@dataclass(frozen=True, slots=True)
class Entry:
    """One head. `sent`: nodes that its stream went to, or may have; `fates`: their last words."""

    signed: SignedHead
    path: Path  # of the .plan
    released: bool = False  # written to a file with --out: anybody may march it
    seen: bool = False  # somebody else's, met on a node
    sent: frozenset[str] = frozenset()
    fates: Mapping[str, str] = field(default_factory=dict)
    origins: Mapping[str, str] = field(default_factory=dict)  # pattern -> file:line:column
    secrets: frozenset[str] = frozenset()
    secret_blobs: frozenset[str] = frozenset()

    @property
    def may_be_held(self) -> bool:
        """Whether some node may hold it, or come to hold it."""
        return self.released or self.seen or any(self.may_reach(node) for node in self.sent)

    def may_reach(self, node: str) -> bool:
        """Whether its stream for this node is, or may be, out of our hands."""
        return node in self.sent and self.fates.get(node, "unknown") not in REFUSED


class History:
    """The heads of one lane of one domain, on this machine."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def entries(self) -> list[Entry]:
        """All of them, the newest first. A damaged one is passed over."""
        found = [self._entry(path) for path in self._folder.glob("*.plan")]
        entries = [entry for entry in found if entry is not None]
        return sorted(entries, key=lambda one: (-one.signed.serial, one.signed.hash))

    def check(self) -> None:
        """Raises MissingError where nothing could be kept: before anything is signed."""
        self._make()
        durable.check(self._folder / "next")

    def begin(self, content: Content, entry: Entry) -> Entry:
        """Put a plan on disk before it is sent. Raises MissingError."""
        self._make()
        path = self._path(content.plan.signed)
        placed = _with(self._entry(path), replace(entry, path=path))
        self._tell(placed)
        signedfile.write(path, content)
        return placed

    def finish(self, entry: Entry, fates: Mapping[str, str]) -> Entry:
        """Note what became of it; then let the oldest go."""
        done = replace(entry, fates={**entry.fates, **fates})
        self._tell(done)
        entries = self.entries()
        for seen in (False, True):  # what others sign, and in what number, takes no room of ours
            for old in [one for one in entries if one.seen is seen][KEEP:]:
                for path in (old.path, _beside(old.path)):
                    path.unlink(missing_ok=True)
        return done

    def see(self, signed: SignedHead) -> None:
        """Keep a verified head of somebody else: our next one builds on it."""
        path = self._path(signed)
        if not path.exists():
            self._make()
            self._tell(Entry(signed, path, seen=True))
            signedfile.write(path, Content(SignedPlan(signed, {}, {})))

    def _make(self) -> None:
        try:
            private.make_folder(self._folder)
        except OSError as error:
            told = f"cannot keep history in {self._folder}: {error.strerror}"
            raise MissingError(f"{told}; nothing was signed or sent") from None

    def _path(self, signed: SignedHead) -> Path:
        return self._folder / f"{signed.serial:08d}-{signed.hash[:16]}.plan"

    def _tell(self, entry: Entry) -> None:
        told = {
            "v": 1,
            "signer": entry.signed.signer,
            "signer_name": entry.signed.signer_name,
            "released": entry.released,
            "seen": entry.seen,
            "sent": sorted(entry.sent),
            "fates": dict(entry.fates),
            "origins": dict(entry.origins),
            "secrets": sorted(entry.secrets),
            "secret_blobs": sorted(entry.secret_blobs),
        }
        durable.replace(_beside(entry.path), [json.dumps(told).encode()])

    def _entry(self, path: Path) -> Entry | None:
        try:
            signed = signedread.read_head(path)
            told = json.loads(_beside(path).read_bytes())
        except (EnveError, OSError, ValueError, RecursionError):
            return None
        return _read(signed, path, told) if isinstance(told, dict) else None


def _with(before: Entry | None, now: Entry) -> Entry:
    """A plan out of a file is marched as often as anybody likes: what is known of it stays."""
    if before is None:
        return now
    return replace(
        now,
        released=before.released or now.released,
        sent=before.sent | now.sent,
        fates={node: word for node, word in before.fates.items() if node not in now.sent},
        origins={**before.origins, **now.origins},
        secrets=before.secrets | now.secrets,
        secret_blobs=before.secret_blobs | now.secret_blobs,
    )


def _read(signed: SignedHead, path: Path, told: Mapping[str, Any]) -> Entry:
    by = replace(
        signed, signer=str(told.get("signer", "")), signer_name=str(told.get("signer_name", ""))
    )
    return Entry(
        signed=by,
        path=path,
        released=told.get("released") is True,
        seen=told.get("seen") is True,
        sent=_words(told.get("sent")),
        fates=_texts(told.get("fates")),
        origins=_texts(told.get("origins")),
        secrets=_words(told.get("secrets")),
        secret_blobs=_words(told.get("secret_blobs")),
    )


def _texts(value: Any) -> dict[str, str]:
    found = value if isinstance(value, dict) else {}
    return {str(key): str(word) for key, word in found.items()}


def _words(value: Any) -> frozenset[str]:
    return frozenset(word for word in value or () if isinstance(word, str))


def _beside(path: Path) -> Path:
    return path.with_suffix(".json")
