"""What a server says in place of a file, and what is to be done then."""

from __future__ import annotations

import time

from enve_fire.core.trouble import CHECKOUT, Trouble

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Mapping

SHORTLY = (408, 425, 429, 500, 502, 503, 504)  # it may be there in a moment
GONE = (404, 410)
_LOGIN = "it wants to know who asks: fetch it by git+ssh, or from where everybody may"
_HINTS: Mapping[int, str] = {
    401: _LOGIN,
    403: _LOGIN,
    404: "see that the url is right, or where it has gone",
    407: "the proxy wants a user and a password: http_proxy=http://USER:PASSWORD@HOST:PORT",
    410: "see where it has gone",
}


class Answered(Trouble):
    """`status`: the number that it answers with."""

    def __init__(self, url: str, status: int) -> None:
        text = "%s: the server answers %d" % (url, status)
        super().__init__(CHECKOUT, text, _HINTS.get(status, ""))
        self.status = status


class Passing(Exception):
    """What may be over when one tries again. `wait`: seconds that the server asks for; `hint`: what
    to do where it is not over then."""

    def __init__(self, text: str, wait: float = 0, hint: str = "try again later") -> None:
        super().__init__(text)
        self.wait = wait
        self.hint = hint


def seconds(text: str) -> float:
    """What Retry-After says: seconds or a date."""
    if text.isdecimal():
        return float(text[:9])
    from email.utils import parsedate_to_datetime

    try:
        return max(parsedate_to_datetime(text).timestamp() - time.time(), 0.0)
    except (ValueError, TypeError, IndexError, OverflowError):
        return 0.0
