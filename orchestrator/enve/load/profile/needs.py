"""The products that a profile needs, and those that these need: each checked out and loaded
once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from enve.errors import InputError
from enve.load.profile.checkout import Checked, Checkout
from enve.load.profile.dep import Asked, Needed
from enve.load.profile.key import key_of
from enve.load.profile.trail import Trail
from enve.load.yaml.item import Item
from enve_fire.core import profile, profileshape
from enve_fire.core.trouble import Trouble
from enve_fire.core.url import Url

MOST = 256  # products that one table may hold, those of its deps counted
DECIDING = ("subdir", "submodules", "strip")  # what decides what is found at a url


class Found(NamedTuple):
    """A product that was loaded."""

    pinned: Url
    source: str
    table: Mapping[str, Any]


# section `checkout`, as far as it is known before the profile is
Early = Callable[[Asked], Mapping[str, Any]]
# a product, how its profile is to be read, and which products led to it -> its table
Load = Callable[[Checked, Asked, Trail], Mapping[str, Any]]


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
        url = trail.url(one)
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
        table = load(checked, asked, trail.to(url, checked, asked))
        how = profile.section(table, "checkout")
        moved = self._check(url, {**early, "refresh": how["refresh"]}, item)
        if moved.pinned != checked.pinned:  # its profile may have moved, too
            table = load(moved, asked, trail.to(url, moved, asked))
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


def _needed(error: InputError, item: Item) -> InputError:
    """What is wrong with a product, and who needs it."""
    if error.where is None:
        error.where = item.where
    elif error.where != item.where:
        error.notes += (f"needed at {item.where}",)
    return error


def _count(table: Mapping[str, Any]) -> int:
    """The product itself and all that it needs."""
    rows = [row for rows in table.get("deps", {}).values() for row in rows]
    return 1 + sum(_count(row["table"]) for row in rows)


def _bad(item: Item | None, message: str) -> InputError:
    return InputError(message) if item is None else item.bad(message)
