"""Profiles: what a product's `enve.yml` says, merged, rendered and checked, with all it needs.

    top of the file < profiles.NAME < config < --set

The result is a strict table (`enve_fire.core.profile`): stages and nodes read nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from enve.errors import InputError
from enve.load.profile.checkout import Checked, Checkout, local
from enve.load.profile.dep import Asked
from enve.load.profile.folder import Beside, Unreadable
from enve.load.profile.layers import above, layered, named, strays
from enve.load.profile.needs import Deps, Found
from enve.load.profile.secret import GIVE, ByName, Lent, Nothing
from enve.load.profile.table import Made, make, options
from enve.load.profile.trail import Trail
from enve.load.profile.workshop import Workshop
from enve.load.secret import Secrets
from enve.load.template.effort import Budget
from enve.load.yaml.file import parse_yaml, read_bytes
from enve.load.yaml.item import Item
from enve_fire.core.url import FOLDER, Url

__all__ = ["Asked", "Checked", "Found", "Profile", "Profiles", "local"]

AS_DEP = ("test", "setup", "settle")  # what nobody does with a product that another one needs
PLAIN = Asked()


class Profile(NamedTuple):
    """A profile. `table`: see `core.profile` · `files`: path -> bytes of all that was read for it,
    deps' too · `missing`: paths that would have been read if they were there · `names`: section ->
    the variables it was made with · `unused`: the others · `secrets`: values that must not be shown
    · `profiles`: the names of those that it has · `places`: path in the table (`.run.cmd`) -> where
    it is said."""

    table: dict[str, Any]
    files: Mapping[str, bytes]
    missing: frozenset[str]
    names: Mapping[str, frozenset[str]]
    unused: frozenset[str]
    secrets: frozenset[str]
    profiles: tuple[str, ...]
    places: Mapping[str, Item]


class Profiles:
    """Loads profiles. `checkout`: see `checkout`; `secrets`: those that a profile may name.
    Every method raises InputError, and Trouble from the checkout."""

    def __init__(self, checkout: Checkout = local, secrets: Lent | None = None) -> None:
        self._beside = Beside()
        self._budget = Budget()
        self._secrets = secrets or ByName(Secrets(None, GIVE))
        self._shops: dict[Lent, Workshop] = {}
        self._foreign = Workshop(Nothing(), self._beside, self._budget)  # a dep gets no secret
        self._deps = Deps(checkout, self._dep, self._early)

    def read(self, path: Path) -> Item:
        """A profile that lies elsewhere, for `inline` or `Asked.inline`."""
        if path.is_fifo() and not path.is_relative_to("/dev"):  # but of <(...)
            raise InputError(
                f"{path}: wanted a file, found a pipe", hint="name a file, or a folder"
            )
        data = self._beside.read[str(path)] = read_bytes(path)
        return _headed(parse_yaml(data, str(path)))

    def inline(self, root: Item, asked: Asked = PLAIN) -> Profile:
        """A profile without its product."""
        self._budget.renew()
        trail = Trail(("",), (root.file,), trust=asked.trust)
        made = make(layered(root, asked), self._shop(self._secrets), self._deps, trail)
        strays(root, asked, made.unused)
        return self._loaded(made, root)

    def product(
        self, url: Url, asked: Asked = PLAIN, secrets: Lent | None = None
    ) -> tuple[Found, Profile]:
        """The product at a url, checked out. `secrets`: those for it, if not those of all."""
        self._budget.renew()
        loaded: list[Profile] = []
        shop = self._shop(secrets or self._secrets)

        def load(checked: Checked, asked: Asked, trail: Trail) -> Mapping[str, Any]:
            root = self._root(checked, asked)
            made = make(layered(root, asked), shop, self._deps, trail)
            strays(root, asked, made.unused)
            loaded.append(self._loaded(made, root))
            return made.table

        return self._deps.product(url, asked, Trail(), load), loaded[-1]

    def _shop(self, secrets: Lent) -> Workshop:
        if secrets not in self._shops:
            self._shops[secrets] = Workshop(secrets, self._beside, self._budget)
        return self._shops[secrets]

    def _dep(self, checked: Checked, asked: Asked, trail: Trail) -> Mapping[str, Any]:
        root = layered(self._root(checked, asked), asked)
        return make(root, self._foreign, self._deps, trail, AS_DEP).table

    def _early(self, asked: Asked) -> Mapping[str, Any]:
        """Section `checkout`, as far as it does not stand in what is yet to be checked out."""
        try:
            return options(above(asked), self._foreign)
        except InputError:  # it takes the profile's variables: then the profile is found as it is
            return options(above(PLAIN), self._foreign)

    def _root(self, checked: Checked, asked: Asked) -> Item:
        """What stands for the product's own profile, or that."""
        if asked.inline is not None:
            return asked.inline
        try:
            path, data = self._beside.profile(checked.folder)
        except Unreadable as error:
            hint = "-f FILE, or `profile:` with a whole one, says how it is built and run"
            fetched = checked.pinned.kind != FOLDER  # nobody knows that by a path in the store
            notes = (f"it is what {checked.pinned.text} holds",) if fetched else ()
            raise InputError(str(error), notes=notes, hint=hint) from None
        return _headed(parse_yaml(data, str(path)))

    def _loaded(self, made: Made, root: Item) -> Profile:
        files, missing = dict(self._beside.read), frozenset(self._beside.missing)
        return Profile(files=files, missing=missing, profiles=named(root), **made._asdict())


def _headed(root: Item) -> Item:
    if not any(str(key) == "enve" for key, _ in root.entries("a profile")):
        raise root.bad("this is no profile: the key enve is missing", hint="begin with `enve: 1`")
    return root
