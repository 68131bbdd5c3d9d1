"""How long a download may take in all: each piece of it may come in time, and the whole never."""

from __future__ import annotations

import time

from enve_fire.core.trouble import CHECKOUT, Trouble

GRACE = 600.0  # seconds in which any speed will do
SLOWEST = 32 << 10  # bytes a second, on the average, from then on
LONGEST = 4 * 3600.0  # seconds of one run


class Tempo:
    """Of one download."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._begun = time.monotonic()
        self._came = 0

    def came(self, more: int) -> None:
        """So many bytes more. Raises Trouble."""
        self._came += more
        seconds = time.monotonic() - self._begun
        if seconds <= min(LONGEST, GRACE + self._came / SLOWEST):
            return
        told = "%s: too slow: %d KiB came in %d s" % (self._url, self._came >> 10, seconds)
        raise Trouble(CHECKOUT, told, "try again later: it goes on where it stopped; or elsewhere")
