"""Text from elsewhere made safe to print: nothing in it can drive a terminal or forge a line."""

from __future__ import annotations

_NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\x1b": "\\e"}


def printable(text: str, limit: int = 4096) -> str:
    """`text` on one line, at most `limit` characters of it, with every unsafe one spelled out:
    controls, separators other than the blank, marks that reorder or hide text, lone surrogates
    (bytes that were no UTF-8), and what Unicode has not assigned."""
    cut = text if len(text) <= limit else text[:limit] + "..."
    return cut if cut.isprintable() else "".join(map(_spell, cut))


def shortened(text: str, limit: int) -> str:
    """At most `limit` characters, cut between two words and with `...`."""
    if len(text) <= limit:
        return text
    cut, blank, _ = text[: limit - 3].rpartition(" ")
    return (cut if blank else text[: limit - 3]).rstrip() + "..."


def printable_lines(text: str, limit: int = 65536) -> list[str]:
    """The same for text of several lines, such as a diff."""
    cut = text if len(text) <= limit else text[:limit] + "\n..."
    return [printable(line) for line in cut.split("\n")]


def last_line(said: bytes, limit: int = 300) -> str:
    """What a command said last, safe to print; "" when it said nothing."""
    lines = said[-4000:].decode("utf-8", "replace").strip().splitlines()
    return printable(lines[-1].strip(), limit) if lines else ""


def complaint(stderr: bytes) -> str:
    """The last line of a command that ended badly."""
    return last_line(stderr, 200) or "nothing on stderr"


def _spell(char: str) -> str:
    if char.isprintable():
        return char
    code = ord(char)
    return _NAMED.get(char) or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}")
