"""Products on their way to a profile: whoever checks one out is given in, and may take it from a
store, from a node, or from the net."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from enve_fire.core.trouble import CHECKOUT, Trouble
from enve_fire.core.url import FOLDER, Url


class Checked(NamedTuple):
    """What a url is: a folder, what was found (see `core.product.Product`), and the url pinned."""

    folder: Path
    source: str
    pinned: Url


# url, section `checkout` with its defaults; raises Trouble
Checkout = Callable[[Url, Mapping[str, Any]], Checked]


def local(url: Url, options: Mapping[str, Any]) -> Checked:
    """Checks out folders as they are, and nothing else; `options` do not matter for them."""
    if url.kind != FOLDER:
        raise Trouble(CHECKOUT, f"{url.text}: nothing is fetched here", "give its folder")
    return Checked(Path(url.base), "", url)
