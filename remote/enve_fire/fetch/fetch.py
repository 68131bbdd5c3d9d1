"""From a url to a folder, by whichever way leads there."""

from __future__ import annotations

from enve_fire.core import url as urls
from enve_fire.core.trouble import CHECKOUT, FULL, Trouble
from enve_fire.fetch.how import Fetched, How

TYPE_CHECKING = False
if TYPE_CHECKING:
    from enve_fire.core.url import Url
    from enve_fire.store.store import Store


def fetch(url: Url, store: Store, how: How) -> Fetched:
    """The folder with what the url means. Raises Trouble (80, ...), OSError."""
    try:
        return _room(url).fetch(url, store, how)
    except OSError as error:
        if error.errno not in FULL:
            raise
        text = "%s: no space is left for it in %s" % (url.text, store.first)
        raise Trouble(CHECKOUT, text, "enve store gc --max-size, or set ENVE_STORE") from None


def known(url: Url, how: How) -> str:
    """The source of what is pinned, without looking; "" where somebody has to look."""
    if url.kind != urls.ARCHIVE or not url.sha256:
        return ""
    from enve_fire.fetch.archive import archive

    return archive.source(url.sha256, how)


def hidden(url: Url, store: Store, how: How) -> bool:
    """Whether the url says already that not everybody could fetch what it means."""
    if url.kind == urls.STORE:
        from enve_fire.fetch import kept

        return kept.private(url, store)
    from enve_fire.fetch import readers

    return (url.kind == urls.GIT and how.submodules) or readers.private(url, how.environ)


def _room(url: Url) -> _Room:
    if url.kind == urls.ARCHIVE:
        from enve_fire.fetch.archive import archive

        return archive
    if url.kind == urls.GIT:
        from enve_fire.fetch.git import repository

        return repository
    if url.kind == urls.FOLDER:
        from enve_fire.fetch import own

        return own
    from enve_fire.fetch import kept

    return kept


if TYPE_CHECKING:
    from typing import Protocol

    class _Room(Protocol):
        def fetch(self, url: Url, store: Store, how: How) -> Fetched: ...


__all__ = ["Fetched", "How", "fetch", "hidden", "known"]
