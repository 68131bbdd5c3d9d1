"""The nearest valid name, for errors that name an unknown one."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

# difflib is quadratic in the worst case: of a big fleet only names of a like length are compared.
_MOST = 2000


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name that is most like `name`, or "" when none is near."""
    like = [one for one in known if abs(len(one) - len(name)) <= 3]
    lower = {one.lower(): one for one in reversed(like[:_MOST])}
    found = difflib.get_close_matches(name.lower(), lower, n=1, cutoff=0.6)
    return lower[found[0]] if found else ""


def did_you_mean(name: str, known: Iterable[str], otherwise: str = "") -> str:
    """`did you mean 'x'?`, or `otherwise` when nothing is near."""
    found = nearest(name, known)
    return f"did you mean {found!r}?" if found else otherwise
