"""Keys as gpg lists them, and which of them somebody means."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from enve.model.trust import Flaw, Key

ALGORITHMS = {"1": "rsa", "17": "dsa", "18": "ecdh", "19": "ecdsa", "22": "eddsa"}
STUB = "#"  # the secret half is elsewhere, and no card is known for it
FLAWS: dict[str, Flaw] = {"e": "expired", "r": "revoked", "d": "disabled", "i": "disabled"}


def matching(keys: Sequence[Key], selector: str) -> list[Key]:
    """Keys by fingerprint or its end; else by a whole name; else by a part of a name."""
    digits = selector.replace(" ", "").upper().removeprefix("0X")
    if re.fullmatch(r"[0-9A-F]{8,40}", digits):
        ends = [key for key in keys if key.fingerprint.endswith(digits)]
        if ends:
            return ends
    exact = [key for key in keys if selector in key.names]
    if exact:
        return exact
    small = selector.lower()
    return [key for key in keys if small and any(small in name.lower() for name in key.names)]


def record(entry: Mapping[str, Any], secret: Mapping[str, Mapping[str, Any]]) -> Key:
    """One row of python-gnupg; `secret`: those of the secret keys, by fingerprint."""
    own = secret.get(entry["fingerprint"])
    part = _signing(own or entry)
    place = str(part.get("token", "")) if own else ""  # "+" here, "#" a stub, else a card
    ends = [_number(row["expires"]) for row in (entry, part)]
    return Key(
        fingerprint=str(entry["fingerprint"]),
        names=tuple(str(name) for name in entry["uids"]),
        algorithm=_algorithm(entry),
        created=_number(entry["date"]),
        expires=min(filter(None, ends), default=0),
        secret=own is not None and place != STUB,
        card=len(place) > 1,
        flaw=_flaw(entry),
    )


def _signing(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """The part that gpg signs with: the newest good subkey that is here and can, else the primary
    key, whose secret half its owner may well keep in a safe."""
    rows = [*entry.get("subkey_info", {}).values()]
    rows.sort(key=lambda row: _number(row["date"]), reverse=True)
    able = [row for row in (*rows, entry) if "s" in str(row["cap"])] or [entry]
    here = [row for row in able if row.get("token") != STUB]
    good = [row for row in here if str(row["trust"]) not in FLAWS]
    part: Mapping[str, Any] = (good or here or able)[0]
    return part


def _algorithm(entry: Mapping[str, Any]) -> str:
    curve = str(entry.get("curve", ""))
    return curve or ALGORITHMS.get(str(entry["algo"]), "algorithm ") + str(entry["length"])


def _flaw(entry: Mapping[str, Any]) -> Flaw:
    found = FLAWS.get(str(entry["trust"]), "")
    if found:
        return found
    capabilities = str(entry["cap"])
    if "D" in capabilities:
        return "disabled"
    return "" if "S" in capabilities else "cannot sign"


def _number(text: Any) -> int:
    """gpg prints times as seconds, or as 20270601T000000 on some systems."""
    word = str(text or "")
    if re.fullmatch(r"[0-9]{8}T[0-9]{6}", word):
        return int(datetime.strptime(word, "%Y%m%dT%H%M%S").replace(tzinfo=UTC).timestamp())
    return int(word) if word.isdigit() else 0
