"""An error for people: what, where (the line itself, a caret under the word), why, what to do."""

from __future__ import annotations

import re

from enve.cli.color import Paint
from enve.core.printable import printable
from enve.errors import EnveError, Where

MOST_BYTES = 4 << 20  # of a file that is read again to show one line of it
WIDEST = 96  # columns of a shown line


def render(error: EnveError, paint: Paint) -> str:
    """The whole screen of one error, without a last line feed."""
    lines = [f"{paint('red', 'error:')} {printable(error.message)}"]
    hint = printable(error.hint)
    if error.where is not None:
        lines.append(f"  --> {printable(str(error.where))}")
        shown = source(error.where, _word(error.message), hint, paint)
        lines += shown
        hint = "" if shown and _beside(hint) else hint
    lines += [f"  {printable(note)}" for note in error.notes]
    lines += [f"  {hint}"] if hint else []
    return "\n".join(lines)


def source(where: Where, word: str, hint: str, paint: Paint) -> list[str]:
    """The line of the file with a caret under the place; nothing when it can't be read."""
    text = _line(where)
    if text is None:
        return []
    number, start = str(where.line), max(where.column - 1, 0)
    before, rest = _window(text, start)
    carets = "^" * _span(text[start:], word)
    beside = f" {hint}" if _beside(hint) else ""
    gutter = " " * len(number)
    return [
        f"   {number} | {before}{rest}",
        f"   {gutter} | {' ' * _width(before)}{paint('red', carets)}{beside}",
    ]


def _beside(hint: str) -> bool:
    return hint.startswith("did you mean")


def _word(message: str) -> str:
    """The first quoted word of the message: mostly the one that the caret points at."""
    quoted = re.search(r"'([^']{1,60})'", message)
    return quoted.group(1) if quoted else ""


def _span(rest: str, word: str) -> int:
    for candidate in (word, f'"{word}"', f"'{word}'"):
        if word and rest.startswith(candidate):
            return _width(printable(candidate))
    return 1


def _line(where: Where) -> str | None:
    if where.line < 1:
        return None
    try:
        with open(where.file, "rb") as file:  # noqa: PTH123
            raw = file.read(MOST_BYTES)
    except (OSError, ValueError):
        return None
    lines = raw.decode("utf-8", "replace").splitlines()
    return lines[where.line - 1] if where.line <= len(lines) else None


def _window(text: str, start: int) -> tuple[str, str]:
    """The line before and after the place, safe to print; a long line is cut around the place."""
    text = text.replace("\t", " ")
    first = max(0, start - WIDEST // 2) if start > WIDEST - 20 else 0
    before = ("..." if first else "") + printable(text[first:start])
    rest = printable(text[start : start + WIDEST], limit=max(20, WIDEST - len(before)))
    return before, rest


def _width(text: str) -> int:
    if text.isascii():
        return len(text)
    from wcwidth import wcswidth  # noqa: PLC0415

    return max(wcswidth(text), 0)


def warning(text: str, paint: Paint) -> str:
    """One line beside the answer."""
    return f"{paint('yellow', 'warning:')} {printable(text)}"
