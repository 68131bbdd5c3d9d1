"""An archive that is here as a file which nobody else can change."""

from __future__ import annotations

from enve_fire.core.trouble import CHECKOUT, Trouble
from enve_pm.core.lean import namedtuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from enve_fire.core.url import Url

Brought = namedtuple("Brought", "path sha256 hidden")  # hidden: not everybody may read its source


def check(url: Url, found: str) -> None:
    """Whether it is what the url wants. Raises Trouble."""
    if url.sha256 and found != url.sha256:
        text = "%s: wanted sha256 %s, found %s" % (url.base, url.sha256, found)
        hint = "it is another file than was meant: ask who publishes it before you change the url"
        raise Trouble(CHECKOUT, text, hint)
