"""The products that a profile needs, and those that these need: each checked out and loaded once.

Whoever checks out is given in: it may take them from a store, from a node, or from the net.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from enve.errors import InputError
from enve.load.profile.dep import Asked, Needed
from enve.load.profile.key import key_of
from enve.load.yaml.item import Item
from enve_fire.core import profile, profileshape
from enve_fire.core.trouble import CHECKOUT, Trouble
from enve_fire.core.url import FOLDER, STORE, Url, parse
from enve_pm.core.fieldcheck import Bad

MOST = 256  # products that one table may hold, those of its deps counted
DECIDING = ("subdir", "submodules", "strip")  # what decides what is found at a url


class Checked(NamedTuple):
    """What a url is: a folder, what was found (see `core.product.Product`), and the url pinned."""

    folder: Path
    source: str
    pinned: Url


class Found(NamedTuple):
    """A product that was loaded."""

    pinned: Url
    source: str
    table: Mapping[str, Any]


def local(url: Url, options: Mapping[str, Any]) -> Checked:
    """Checks out folders as they are, and nothing else; `options` do not matter for them."""
    if url.kind != FOLDER:
        raise Trouble(CHECKOUT, f"{url.text}: nothing is fetched here", "give its folder")
    return Checked(Path(url.base), "", url)


# url, section `checkout` with its defaults; raises Trouble
Checkout = Callable[[Url, Mapping[str, Any]], Checked]
# section `checkout`, as far as it is known before the profile is
Early = Callable[[Asked], Mapping[str, Any]]
# a product, how its profile is to be read, and which products led to it -> its table
Load = Callable[[Checked, Asked, "Trail"], Mapping[str, Any]]


class Trail(NamedTuple):
    """Which products led here. `fetched`: the folders of those that are nobody's own; `strange`: of
    these, the ones that come from elsewhere than this machine; `trust`: see `Asked`."""

    keys: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    fetched: tuple[Path, ...] = ()
    strange: tuple[Path, ...] = ()
    trust: bool = False

    def told(self, name: str) -> str:
        return " <- ".join((*self.names, name))

    def is_own(self, item: Item) -> bool:
        """Whether it does not stand in what was fetched. What has no path is a command line's."""
        file = Path(item.file)
        there = file.resolve()
        return not (file.is_absolute() and any(map(there.is_relative_to, self.fetched)))


class Deps:
    """Finds products. `load` reads what is needed by others, each once; `early`: see Early."""

    def __init__(self, checkout: Checkout, load: Load, early: Early) -> None:
        self._checkout = checkout
        self._load = load
        self._early = early
        self._checked: dict[str, dict[tuple[Any, ...], Checked]] = {}
        self._looked: set[str] = set()  # urls that were looked up again, as a profile wants it
        self._found: dict[str, Found] = {}

    def rows(self, needed: list[Needed], trail: Trail) -> list[dict[str, Any]]:
        """As `core.profile` wants them. Raises InputError, and Trouble from the checkout."""
        rows = []
        for one in needed:
            found = self._dep(one, trail)
            row = {"url": found.pinned.text, "source": found.source, "table": found.table}
            rows.append({**row, "stage": one.stage} if one.stage else row)
        return rows

    def _dep(self, one: Needed, trail: Trail) -> Found:
        url = _url(one, trail)
        if len(trail.keys) > profileshape.DEPTH:
            raise one.item.bad(
                f"more than {profileshape.DEPTH} deps of deps: {trail.told(url.text)}"
            )
        asked = one.asked._replace(trust=trail.trust)
        key = key_of(self._check(url, self._early(asked), one.item).pinned, asked)
        if key in trail.keys:
            raise one.item.bad(f"products that need each other: {trail.told(url.text)}")
        if key not in self._found:
            try:
                self._found[key] = self.product(url, asked, trail, self._load, one.item)
            except InputError as error:
                raise _needed(error, one.item) from None
        return self._found[key]

    def product(
        self, url: Url, asked: Asked, trail: Trail, load: Load, item: Item | None = None
    ) -> Found:
        """What is at a url. `item`: where it is asked for."""
        early = self._early(asked)
        checked = self._check(url, early, item)
        table = load(checked, asked, _within(trail, url, checked, asked))
        how = profile.section(table, "checkout")
        moved = self._check(url, {**early, "refresh": how["refresh"]}, item)
        if moved.pinned != checked.pinned:  # its profile may have moved, too
            table = load(moved, asked, _within(trail, url, moved, asked))
            how = profile.section(table, "checkout")
        checked = self._check(url, how, item)
        if _count(table) > MOST:
            raise _bad(item, f"{url.text} needs more than {MOST} products")
        return Found(checked.pinned, checked.source, table)

    def _check(self, url: Url, options: Mapping[str, Any], item: Item | None) -> Checked:
        """Looked up again, where it is to be, at most once: all see one state of it."""
        known = self._checked.setdefault(url.text, {})
        if options["refresh"] != profile.NEVER and url.text not in self._looked:
            self._looked.add(url.text)
            known.clear()
        elif url.text in self._looked:
            options = {**options, "refresh": profile.NEVER}
        key = tuple(options[name] for name in DECIDING)
        if key not in known:
            try:
                known[key] = self._checkout(url, options)
            except Trouble as error:
                where = f"a dep at {item.where}: " if item else ""
                message = where + error.message
                raise Trouble(error.code, message, error.hint, error.log) from None
        return known[key]


def _within(trail: Trail, url: Url, checked: Checked, asked: Asked) -> Trail:
    """What led to the products that this one needs."""
    keys = (*trail.keys, key_of(checked.pinned, asked))
    folder = (checked.folder.resolve(),)
    fetched = () if url.kind == FOLDER else folder
    strange = folder if url.remote or url.kind == STORE else ()
    names = (*trail.names, url.text)
    found = ((*trail.fetched, *fetched), (*trail.strange, *strange))
    return Trail(keys, names, *found, asked.trust)


def _needed(error: InputError, item: Item) -> InputError:
    """What is wrong with a product, and who needs it."""
    if error.where is None:
        error.where = item.where
    elif error.where != item.where:
        error.notes += (f"needed at {item.where}",)
    return error


def _url(one: Needed, trail: Trail) -> Url:
    """A product that was fetched lies elsewhere on a node, so it names no path beside it; what a
    stranger says, also about the deps of his deps, names nothing of this machine at all."""
    file = Path(one.item.file).resolve()
    folder = str(file.parent) if trail.is_own(one.item) else ""
    try:
        url = parse(one.url, folder)
    except Bad as bad:
        raise one.item.bad(f"url of a dep: wanted {bad.args[0]}, found {bad.args[1]}") from None
    if not url.remote and any(map(file.is_relative_to, trail.strange)):
        told = f"url of a dep: {one.url} is on this machine, and who names it was fetched"
        raise one.item.bad(told, hint="its deps are git+https, git+http, git+ssh, https or http")
    return url


def _count(table: Mapping[str, Any]) -> int:
    """The product itself and all that it needs."""
    rows = [row for rows in table.get("deps", {}).values() for row in rows]
    return 1 + sum(_count(row["table"]) for row in rows)


def _bad(item: Item | None, message: str) -> InputError:
    return InputError(message) if item is None else item.bad(message)
