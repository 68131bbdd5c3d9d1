"""Reads the values of a profile: fills templates in, remembers where each value stands, and lets
secrets go where nobody else reads them only.
"""

from __future__ import annotations

from enve.errors import InputError
from enve.load.profile.merge import Part, place
from enve.load.profile.scope import ProfileScope, holds_secret
from enve.load.profile.workshop import Workshop
from enve.load.yaml.item import Item

_OPEN = ("setup", "run")  # sections that may hold secrets at all
_SHARED = "who has what is built or installed would have the secret: it is shared"
_PLACES = "a secret goes into a file of setup, or into env of run"
_SEEN = "a command is seen by every user: " + _PLACES


class Reader:
    """For one profile. `places`: path in the table -> the value's place."""

    def __init__(self, scope: ProfileScope, shop: Workshop) -> None:
        self.scope = scope
        self.shop = shop
        self.places: dict[str, Item] = {}
        self.names: dict[str, set[str]] = {}  # section -> what its templates look at
        self.hidden: set[str] = set()

    def at(self, path: str, part: Part) -> None:
        self.places[path] = place(part)

    def fill(self, item: Item, path: str) -> Item:
        """Without templates, and without a secret anywhere in it."""
        found = self._filled(item, path)
        bad = holds_secret(found)
        if bad is not None:
            raise self._refused(bad, path)
        return found

    def text(self, item: Item, what: str, path: str) -> tuple[str, bool]:
        """A text that may be a secret, and whether it is."""
        if item.secret:
            text = self.shop.secrets.value(item)
        else:
            item = self._filled(item, path)
            text = item.text(what, empty=True, controls=True)
        secret = item.secret or item.tainted
        if secret:
            self.hide(text)
        return text, secret

    def hide(self, text: str) -> None:
        """Never to be shown. What is blank is no secret: it stands in every text."""
        if text.strip():
            self.hidden.add(text)

    def uses(self, path: str, names: frozenset[str]) -> None:
        self.names.setdefault(section(path), set()).update(names)

    def _filled(self, item: Item, path: str) -> Item:
        self.uses(path, self.shop.filler(item).names)
        return self.scope.fill(item)

    def _refused(self, item: Item, path: str) -> InputError:
        name = section(path)
        if name in _OPEN:
            return item.bad(f"a secret can't stand here in {name}", hint=_SEEN)
        return item.bad(f"a secret can't stand in {name}: {_SHARED}", hint=_PLACES)


def section(path: str) -> str:
    """`build` of `.build.env.A`"""
    return path[1:].partition(".")[0].partition("[")[0]
