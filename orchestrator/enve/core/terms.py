"""A pattern cut into its terms: `a:&b,!c`. (`enve.core.resolve` says what each of them means.)"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from enve.errors import UsageError

GROUP = "group:"
_SIGNS = ("!", "&")
_LONGEST = 4096


class Term(NamedTuple):
    """One atom of a pattern. `sign`: "" adds, "&" keeps only these, "!" takes away."""

    sign: str
    text: str


def split_terms(texts: Iterable[str]) -> list[Term]:
    """`a:&b,!c` in terms; `group:` and what stands in brackets stay together."""
    terms = []
    for text in texts:
        if len(text) > _LONGEST:
            raise UsageError(f"a pattern of {len(text)} characters", hint=f"at most {_LONGEST}")
        terms += [_term(piece) for piece in _pieces(text) if piece.strip()]
    if not terms:
        raise UsageError("an empty pattern", hint="name nodes, groups or `all`")
    return terms


def _term(piece: str) -> Term:
    piece = piece.strip()
    return Term(piece[0], piece[1:].strip()) if piece[0] in _SIGNS else Term("", piece)


def _pieces(text: str) -> list[str]:
    pieces, at, depth = [], 0, 0
    for place, sign in enumerate(text):
        piece = text[at:place].strip()
        if piece.lstrip("!&").startswith("~"):
            break  # a regular expression goes on to the end
        depth += (sign == "[") - (sign == "]")
        if sign == "," or (sign == ":" and depth <= 0 and piece.lstrip("!&") != GROUP[:-1]):
            pieces.append(piece)
            at, depth = place + 1, 0
    return [*pieces, text[at:]]
