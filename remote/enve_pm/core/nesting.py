"""Which pm may contain which (memo, "pm sub"): R has root rights, U has none; R must not follow U.

R may contain R or U; U only U: RU RRU RRRR UUUU RRUU stand, UR RUR RURR URRR are refused.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = "R"
USER = "U"
_LETTERS = {"root": ROOT, "user": USER}


class NestingError(ValueError):
    """A chain of pms that cannot run; the message names the rule."""


def letter(mode: str) -> str:
    """`R` for mode root, `U` for mode user."""
    try:
        return _LETTERS[mode]
    except KeyError:
        raise NestingError(f"wanted mode root or user, found {mode!r}") from None


def check(chain: Sequence[str]) -> None:
    """Judge a chain of letters, the outermost pm first: `check("RRU")`."""
    for at, kind in enumerate(chain):
        if kind not in (ROOT, USER):
            raise NestingError(f"wanted R or U for each pm, found {kind!r} at {at}")
        if at and kind == ROOT and chain[at - 1] == USER:
            raise NestingError(
                f"R cannot follow U: in {''.join(chain)} the pm at depth {at} wants root rights "
                "and the pm around it has none; only user-level pms may end a chain (R...RU...U)"
            )
