"""Sizes and spans of time as people write them."""

from __future__ import annotations

from enve_fire.core.trouble import USAGE, Trouble

SIZES = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
SPANS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}
LARGEST = 1 << 50


def size(text: str) -> int:
    """`10G`, `500M`, bytes."""
    return _read(text, SIZES, "a size such as 500M or 10G")


def span(text: str) -> int:
    """Seconds: `30d`, `12h`, `90`."""
    return _read(text, SPANS, "a time such as 90, 12h or 30d")


def _read(text: str, units: dict[str, int], wanted: str) -> int:
    digits, unit = (text[:-1], text[-1]) if text[-1:] in units and text else (text, "")
    if not (digits.isascii() and digits.isdigit()) or len(digits) > 15:
        raise Trouble(USAGE, "wanted %s, found %r" % (wanted, text))
    value = int(digits) * units[unit]
    if value > LARGEST:
        raise Trouble(USAGE, "wanted %s, found %r" % (wanted, text))
    return value


def told(amount: int) -> str:
    """`1.5G`"""
    units = "KMGT"
    if amount < 1000:
        return "%dB" % amount
    found = amount / 1024
    for unit in units[:-1]:
        if found < 1000:
            return "%.1f%s" % (found, unit)
        found /= 1024
    return "%.1f%s" % (found, units[-1])


def entries(count: int) -> str:
    """`1 entry`, `3 entries`"""
    return "1 entry" if count == 1 else "%d entries" % count
