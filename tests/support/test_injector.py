"""What a campaign strikes at, in pieces."""

from __future__ import annotations

from collections import Counter

from tests.support import injector


def test_the_pieces_are_the_whole() -> None:
    """Also when each has counted for itself, and one call more than the one before it."""
    least = Counter({"read": 100, "close": 7, "epoll_wait": 3})
    pieces = [injector.share(injector.points(least + Counter(close=n)), n, 9) for n in range(9)]
    assert set(injector.points(least)) <= {point for piece in pieces for point in piece}
    assert max(map(len, pieces)) < 2 * min(map(len, pieces))
