"""Which products led to one that is needed, and what that lets it name."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from enve.load.profile.checkout import Checked
from enve.load.profile.dep import Asked, Needed
from enve.load.profile.key import key_of
from enve.load.yaml.item import Item
from enve_fire.core.url import FOLDER, STORE, Url, parse
from enve_pm.core.fieldcheck import Bad

_REMOTE = "its deps are git+https, git+http, git+ssh, https or http"


class Trail(NamedTuple):
    """Which products led here. `fetched`: the folders of those that are nobody's own; `strange`: of
    these, the ones that come from elsewhere than this machine; `trust`: see `Asked`."""

    keys: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    fetched: tuple[Path, ...] = ()
    strange: tuple[Path, ...] = ()
    trust: bool = False

    def to(self, url: Url, checked: Checked, asked: Asked) -> Trail:
        """What led to the products that this one needs."""
        keys = (*self.keys, key_of(checked.pinned, asked))
        folder = (checked.folder.resolve(),)
        fetched = () if url.kind == FOLDER else folder
        strange = folder if url.remote or url.kind == STORE else ()
        names = (*self.names, url.text)
        found = ((*self.fetched, *fetched), (*self.strange, *strange))
        return Trail(keys, names, *found, asked.trust)

    def told(self, name: str) -> str:
        return " <- ".join((*self.names, name))

    def is_own(self, item: Item) -> bool:
        """Whether it does not stand in what was fetched. What has no path is a command line's."""
        file = Path(item.file)
        there = file.resolve()
        return not (file.is_absolute() and any(map(there.is_relative_to, self.fetched)))

    def url(self, one: Needed) -> Url:
        """Where it is. A product that was fetched lies elsewhere on a node, so it names no path
        beside it; what a stranger says, also about the deps of his deps, names nothing of this
        machine at all. Raises InputError."""
        file = Path(one.item.file).resolve()
        folder = str(file.parent) if self.is_own(one.item) else ""
        try:
            url = parse(one.url, folder)
        except Bad as bad:
            raise one.item.bad(f"url of a dep: wanted {bad.args[0]}, found {bad.args[1]}") from None
        if not url.remote and any(map(file.is_relative_to, self.strange)):
            told = f"url of a dep: {one.url} is on this machine, and who names it was fetched"
            raise one.item.bad(told, hint=_REMOTE)
        return url
