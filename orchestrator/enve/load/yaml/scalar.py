"""What a plain YAML scalar means here: YAML 1.2's core, with YAML 1.1's surprises reported.

The text that the user wrote is kept until somebody asks for a type, so `1.10` stays "1.10" where
text is wanted. Words that other YAML tools read as something else (`no`, `012`, `1:30`) are errors
where the difference matters: everywhere but in places that want a boolean or a number anyway, and
there they are errors too. Quoted scalars are always text.
"""

from __future__ import annotations

import re
from typing import Any

_NOTHING = frozenset(("", "~", "null", "Null", "NULL"))
_TRUE = frozenset(("true", "True", "TRUE"))
_FALSE = frozenset(("false", "False", "FALSE"))
_WORDS = frozenset(w for b in ("yes", "no", "on", "off") for w in (b, b.capitalize(), b.upper()))
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)\Z")
_DECIMAL = re.compile(r"[-+]?(0|[1-9][0-9]*)\.[0-9]+\Z")
_SURPRISES = (
    (re.compile(r"[-+]?0[0-9_]*[1-9_][0-9_]*\Z|[-+]?0[0-9_]+\Z"), "YAML 1.1 reads it as octal"),
    (re.compile(r"[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?\Z"), "YAML 1.1 reads it in base 60"),
    (re.compile(r"[-+]?[0-9][0-9]*_[0-9_]*(\.[0-9_]*)?\Z"), "YAML 1.1 drops the underscores"),
    (re.compile(r"[-+]?0[xob][0-9a-fA-F_]+\Z"), "YAML reads it as a number of another base"),
    (re.compile(r"[-+]?[0-9][0-9.]*[eE][-+]?[0-9]+\Z"), "YAML reads it as a power of ten"),
    (re.compile(r"[-+]?\.(inf|Inf|INF)\Z|\.(nan|NaN|NAN)\Z"), "YAML reads it as no finite number"),
)
_ANY = re.compile("|".join(pattern.pattern for pattern, _ in _SURPRISES))
_NUMERIC = frozenset("+-.0123456789")
_DIGITS = 18  # of the longest integer: beyond 2**53 JSON readers differ anyway


def surprise(text: str) -> str:
    """Why this plain scalar is read differently elsewhere, or ""."""
    if text in _WORDS:
        return "YAML 1.1 reads it as a boolean"
    if not text[:1] or text[0] not in _NUMERIC or not _ANY.match(text):
        return ""
    for pattern, reason in _SURPRISES:
        if pattern.match(text):
            return reason
    return ""


def kind(text: str) -> str:
    """The kind of a plain scalar: nothing, a boolean, an integer, a decimal, text."""
    if text and text[0] not in _NUMERIC and len(text) > len("false"):
        return "text"  # most scalars by far
    if text in _NOTHING:
        return "nothing"
    if text in _TRUE or text in _FALSE:
        return "a boolean"
    if _INTEGER.match(text):
        return "an integer"
    return "a decimal" if _DECIMAL.match(text) else "text"


def value(text: str) -> Any:
    """The Python value of a plain scalar without a surprise."""
    found = kind(text)
    if found == "nothing":
        return None
    if found == "a boolean":
        return text in _TRUE
    if found == "an integer" and len(text) <= _DIGITS:
        return int(text)
    return float(text) if found == "a decimal" else text


_UNITS_MS = {"ms": 1, "s": 1000, "m": 60_000, "min": 60_000, "h": 3_600_000, "d": 86_400_000}
_DURATION = re.compile(r"([0-9]{1,9})(\.[0-9]{1,3})? ?(ms|s|min|m|h|d)")
_UNITS_SIZE = {"": 1, "B": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
_SIZE = re.compile(r"([0-9]{1,15}) ?(B|[KMGT](?:i?B)?|)")


def milliseconds(text: str) -> int | None:
    """`500ms`, `2s`, `1.5s`, `10m`, `1h30m`, `7d` in milliseconds; None when it is no duration."""
    total, at = 0.0, 0
    while at < len(text):
        match = _DURATION.match(text, at)
        if match is None:
            return None
        total += float(match[1] + (match[2] or "")) * _UNITS_MS[match[3]]
        at = match.end()
    return round(total) if text else None


def size(text: str) -> int | None:
    """`4096`, `64K`, `2G` in bytes (K = 1024); None when it is no size."""
    match = _SIZE.fullmatch(text)
    return int(match[1]) * _UNITS_SIZE[match[2][:1]] if match else None
