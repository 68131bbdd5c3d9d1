"""Products for profiles: checked out by the stages' own code, into the store of whoever asks."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from enve.load.profile.checkout import Checked, Checkout, local
from enve_fire.core.profile import ALWAYS
from enve_fire.core.url import FOLDER, Url
from enve_fire.fetch.archive import archive
from enve_fire.fetch.fetch import fetch
from enve_fire.fetch.how import How
from enve_fire.store.store import Store
from enve_fire.tree.pace import quiet

__all__ = ["archives", "by", "here", "lazily"]


def by(store: Store, how: How) -> Checkout:
    """`how`: what the caller wants; `refresh` of it comes before what a profile says."""

    def checkout(url: Url, options: Mapping[str, Any]) -> Checked:
        asked = dict(options, refresh=how.refresh) if how.refresh == ALWAYS else options
        found = fetch(url, store, how._replace(**asked))
        return Checked(Path(found.path), found.source, found.pinned)

    return checkout


def archives(*, report: Callable[[str], None] = quiet) -> Callable[[Url], Path]:
    """As they are, on this machine; what is known of an address is asked for again."""
    environ = dict(os.environ)
    store, how = Store.of(environ), How(report=report, environ=environ, refresh=ALWAYS)

    def bring(url: Url) -> Path:
        return Path(archive.bring(url, store, how).path)

    return bring


def lazily(fetched: Checkout) -> Checkout:
    """A folder that is there is not hashed: that may wait until its profile is known."""

    def checkout(url: Url, options: Mapping[str, Any]) -> Checked:
        lies_here = url.kind == FOLDER and Path(url.base).is_dir()
        return local(url, options) if lies_here else fetched(url, options)

    return checkout


def here(
    *, refresh: bool = False, offline: bool = False, report: Callable[[str], None] = quiet
) -> Checkout:
    """Of this machine, for a look: folders that are there are not hashed."""
    environ = dict(os.environ)
    how = How(offline=offline, report=report, environ=environ)
    asked = how._replace(refresh=ALWAYS) if refresh else how
    return lazily(by(Store.of(environ, offline=offline), asked))
