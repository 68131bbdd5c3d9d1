"""What is asked of a store: a text that says all that the entry depends on, and how it is kept."""

from __future__ import annotations

from enve_fire.core import title as titles
from enve_fire.core.digest import hash_of
from enve_fire.core.trouble import USAGE, Trouble
from enve_pm.core.refusal import FormatError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Sequence

LONGEST = 16 << 20  # characters of a text
ANY, NONE = "any", "none"
SHARDS = ("", "-0", "-1", "-2", "-3")


class Wanted:
    """`ttl`: seconds after which it has expired (0: never). `check`: whether the entry at a path is
    still valid. `mutable`: it may change later. `deps`: names of the entries that it needs. `sums`:
    whether to keep what its files hash to. Raises Trouble."""

    __slots__ = (
        "catalog",
        "check",
        "deps",
        "mutable",
        "name",
        "private",
        "sums",
        "text",
        "title",
        "ttl",
    )

    def __init__(  # noqa: PLR0913, PLR0917
        self,
        text: str,
        title: str = NONE,
        catalog: str = ANY,
        private: bool = False,
        ttl: int = 0,
        check: Callable[[str], bool] | None = None,
        mutable: bool = False,
        deps: Sequence[str] = (),
        sums: bool = True,
    ) -> None:
        _check(text, title, catalog, ttl, deps)
        self.text = text
        self.title = title
        self.catalog = catalog
        self.private = private
        self.ttl = ttl
        self.check = check
        self.mutable = mutable
        self.deps = tuple(deps)
        self.sums = sums
        self.name = titles.entry(_hash(text), title)


def _hash(text: str) -> str:
    try:
        return hash_of("store", text)
    except FormatError:
        raise Trouble(USAGE, "wanted a text for the store that is UTF-8") from None


def _check(text: str, title: str, catalog: str, ttl: int, deps: Sequence[str]) -> None:
    if not 0 < len(text) <= LONGEST:
        raise Trouble(USAGE, "wanted a text of 1 to %d characters for the store" % LONGEST)
    if not titles.is_title(title):
        raise Trouble(USAGE, "wanted a title (A-Z a-z 0-9 . _ + -), found %r" % title)
    if not is_catalog(catalog):
        raise Trouble(USAGE, "wanted a catalog such as build or any, found %r" % catalog)
    if not 0 <= ttl < 1 << 40:
        raise Trouble(USAGE, "wanted a lifetime in seconds, found %r" % ttl)
    for dep in deps:
        if titles.parse_entry(dep) is None:
            raise Trouble(USAGE, "wanted HASH-TITLE as what it needs, found %r" % dep)


def is_catalog(text: str) -> bool:
    """A catalog must not read as another one's shard, nor as one that is private."""
    return titles.is_title(text) and not text.endswith(SHARDS[1:]) and not _hides(text)


def _hides(text: str) -> bool:
    return text == "private" or text.startswith("private-")
