"""Text from elsewhere made safe to print: nothing in it can drive a terminal or forge a line."""

from __future__ import annotations

import re

# C0, DEL, C1; line and paragraph separators; marks that reorder text or are not seen; lone
# surrogates (undecodable bytes). A tab counts: it would shift columns.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\ud800-\udfff\ufeff\ufff9-\ufffb\U000e0000-\U000e0fff]"
)
_NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\x1b": "\\e"}


def printable(text: str, limit: int = 4096) -> str:
    """`text` on one line, at most `limit` characters of it, with every unsafe one spelled out."""
    cut = text if len(text) <= limit else text[:limit] + "..."
    return _UNSAFE.sub(_spell, cut)


def printable_lines(text: str, limit: int = 65536) -> list[str]:
    """The same for text of several lines, such as a diff."""
    cut = text if len(text) <= limit else text[:limit] + "\n..."
    return [printable(line) for line in cut.split("\n")]


def _spell(match: re.Match[str]) -> str:
    char = match.group()
    code = ord(char)
    return _NAMED.get(char) or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}")
